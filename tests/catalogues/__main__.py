"""Write the catalogues anew: `python -m tests.catalogues`.

Texts that are new stand in the `.po` files without a translation; what is gone goes.
"""

from tests.catalogues import OTHERS, as_mo, as_po, brought_up_to_date, mo, po, stored


def main() -> None:
    """Every language's two files."""
    for language in OTHERS:
        fresh = brought_up_to_date(stored(language))
        po(language).write_bytes(as_po(fresh))
        mo(language).write_bytes(as_mo(language))
        missing = [one.id for one in fresh if one.id and not one.string]
        print(f"{po(language)}: {len(missing)} to translate")  # noqa: T201 - a command


if __name__ == "__main__":
    main()
