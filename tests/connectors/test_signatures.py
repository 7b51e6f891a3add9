"""Against vectors that the providers' own libraries publish, or computed by another tool."""

from connectors.signatures import hmac_base64, hmac_hex, matches


def test_hexadecimal_as_meta_signs():
    body = b'{"object":"whatsapp_business_account","entry":[]}'

    assert hmac_hex("app-secret", body) == (
        "d3e4f9da0ce6c71ab3dba55929b8eeeee2455349e534924ead19f98d143e904f"
    )


def test_base64_as_shopify_signs():
    body = b'{"id":820982911946154508,"name":"#9999"}'

    assert hmac_base64("hush", body) == "YBwnJ9vsibq7srObgXybmGHWuwos+jDEL//7749XS78="


def test_sha1_as_twilio_signs():
    text = (
        b"https://mycompany.com/myapp.php?foo=1&bar=2CallSidCA1234567890ABCDE"
        b"Caller+14158675309Digits1234From+14158675309To+18005551212"
    )

    assert hmac_base64("12345", text, "sha1") == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_any_of_several_expected_values_matches():
    assert matches("b", ["a", "b"])
    assert not matches("c", ["a", "b"])
    assert not matches("", [])


def test_what_no_header_can_hold_does_not_match():
    assert not matches("\udcff", ["a"])
