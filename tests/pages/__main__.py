"""Write these parts anew: `python -m tests.pages`."""

from tests.pages import brought_up_to_date, pages


def main() -> None:
    """Every page."""
    for page in pages():
        page.write_text(brought_up_to_date(page.read_text()))


if __name__ == "__main__":
    main()
