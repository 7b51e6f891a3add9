"""Who plays in the sandbox: the shop's customers with their phones, and what it sells.

The numbers are from the range that Sweden keeps for fiction: valid, and nobody's.
"""

from dataclasses import dataclass
from enum import StrEnum

SHOP_NAME = "Riverside Shop"
SHOP_DOMAIN = "riverside.myshopify.com"
TIME_ZONE = "Europe/Rome"
CURRENCY = "EUR"
SMS_NUMBER = "+15005550006"
RCS_AGENT = "riverside_shop_agent"
MAIL_DOMAIN = "riverside.example"
PICTURES = f"https://{MAIL_DOMAIN}/pictures/"
TRACKING = "https://track.example/"
MAIL_USER = f"orders@{MAIL_DOMAIN}"


class Kind(StrEnum):
    """What is special about a phone."""

    REACHABLE = "reachable"
    NO_WHATSAPP = "no_whatsapp"
    RECEIPTS_OFF = "receipts_off"
    SWITCHED_OFF = "switched_off"
    NO_SUCH_NUMBER = "no_such_number"
    BUSY = "busy"


LABELS = {
    Kind.REACHABLE: "Reachable",
    Kind.NO_WHATSAPP: "Not on WhatsApp",
    Kind.RECEIPTS_OFF: "Read receipts off",
    Kind.SWITCHED_OFF: "Switched off, back later",
    Kind.NO_SUCH_NUMBER: "Number does not exist",
    Kind.BUSY: "Provider busy",
}

HINTS = {
    Kind.REACHABLE: (
        "WhatsApp arrives after 2 seconds and is read 8 seconds later, "
        "so no SMS is needed."
    ),
    Kind.NO_WHATSAPP: (
        "WhatsApp answers at once that it cannot deliver, and the SMS follows."
    ),
    Kind.RECEIPTS_OFF: (
        "WhatsApp arrives but never says that it was read, so a message "
        "that must be read is followed by an SMS."
    ),
    Kind.SWITCHED_OFF: (
        "Nothing arrives until the phone is back, 45 minutes after the first message."
    ),
    Kind.NO_SUCH_NUMBER: (
        "Neither WhatsApp nor SMS can be delivered, and both say so. An email arrives."
    ),
    Kind.BUSY: "WhatsApp turns each message away twice and takes it the third time.",
}

BACK_ON_HINT = "The phone is on again, and everything arrives and is read."


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """One customer. `typed` is the phone number as they typed it at the checkout."""

    key: str
    kind: Kind
    number: str
    typed: str
    first_name: str
    last_name: str
    street: str
    zip: str
    city: str

    @property
    def name(self) -> str:
        """First and last."""
        return f"{self.first_name} {self.last_name}"

    @property
    def email(self) -> str:
        """Everybody has one, and it always arrives."""
        return f"{self.key}@customers.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """Something the shop sells."""

    sku: str
    title: str
    price: str
    grams: int


def _customer(
    kind: Kind, who: str, phone: str, where: tuple[str, str, str]
) -> Customer:
    first_name, last_name = who.split()
    return Customer(
        key=first_name.lower(),
        kind=kind,
        number="+46" + phone.replace("-", "").replace(" ", "")[1:],
        typed=phone,
        first_name=first_name,
        last_name=last_name,
        street=where[0],
        zip=where[1],
        city=where[2],
    )


CUSTOMERS = (
    _customer(
        Kind.REACHABLE,
        "Astrid Lindqvist",
        "070-174 06 05",
        ("Ågatan 12", "582 22", "Linköping"),
    ),
    _customer(
        Kind.NO_WHATSAPP,
        "Bengt Nyström",
        "070-174 06 14",
        ("Kungsgatan 3", "903 25", "Umeå"),
    ),
    _customer(
        Kind.RECEIPTS_OFF,
        "Clara Ekdahl",
        "070-174 06 23",
        ("Storgatan 41", "352 31", "Växjö"),
    ),
    _customer(
        Kind.SWITCHED_OFF,
        "David Sjöberg",
        "070-174 06 38",
        ("Hamngatan 7", "753 20", "Uppsala"),
    ),
    _customer(
        Kind.NO_SUCH_NUMBER,
        "Ebba Hallgren",
        "070-174 06 52",
        ("Skolgatan 19", "831 31", "Östersund"),
    ),
    _customer(
        Kind.BUSY,
        "Filip Norén",
        "070-174 06 77",
        ("Norra vägen 5", "392 34", "Kalmar"),
    ),
)

BY_KEY = {customer.key: customer for customer in CUSTOMERS}
BY_NUMBER = {customer.number: customer for customer in CUSTOMERS}
BY_ADDRESS = {**BY_NUMBER, **{customer.email: customer for customer in CUSTOMERS}}

ARTICLES = (
    Article(sku="APR-LIN", title="Linen apron", price="29.90", grams=260),
    Article(sku="MOKA-3", title="Moka pot, 3 cups", price="24.50", grams=480),
    Article(sku="BOARD-OLV", title="Olive wood board", price="34.00", grams=900),
    Article(sku="THROW-WOOL", title="Wool throw", price="59.00", grams=1100),
    Article(sku="MUG-EN-2", title="Enamel mugs, set of 2", price="19.90", grams=310),
    Article(sku="CANDLE-BW", title="Beeswax candles", price="14.50", grams=400),
    Article(sku="POT-TERRA", title="Terracotta planter", price="22.00", grams=1400),
    Article(sku="TOTE-CNV", title="Canvas tote", price="16.00", grams=180),
    Article(sku="BUTTER-CER", title="Ceramic butter dish", price="27.50", grams=620),
    Article(sku="SOAP-ROSE", title="Rosemary soap, 3 bars", price="12.00", grams=330),
)
BY_SKU = {article.sku: article for article in ARTICLES}
