"""Every phone of the sandbox, through its page: who is reached, how, and what it says."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SECONDS, Opener
from tests.browser.stage import Stage
from tests.support.house import until

pytestmark = pytest.mark.browser


def test_a_reachable_phone_gets_whatsapp_and_no_sms(stage: Stage) -> None:
    stage.ship("Astrid Lindqvist")
    expect(stage.bubbles("Astrid Lindqvist", "whatsapp")).to_contain_text("Read")
    expect(stage.story("Astrid Lindqvist")).to_contain_text("Read on WhatsApp.")
    expect(stage.bubbles("Astrid Lindqvist")).to_have_count(1)


def test_a_phone_without_whatsapp_gets_an_sms(stage: Stage) -> None:
    stage.ship("Bengt Nyström")
    expect(stage.bubbles("Bengt Nyström", "sms")).to_contain_text("Delivered")
    expect(stage.bubbles("Bengt Nyström")).to_have_count(1)
    story = stage.story("Bengt Nyström")
    expect(story).to_contain_text("Sending by SMS because WhatsApp failed (131026).")
    expect(story.locator(".headline")).to_contain_text("Delivered by SMS")


def test_what_must_be_read_and_is_not_known_to_be_follows_by_sms(stage: Stage) -> None:
    who = "Clara Ekdahl"
    stage.ship(who)
    expect(stage.bubbles(who, "whatsapp")).to_contain_text("Delivered")
    stage.press(who, "Out for delivery")
    expect(stage.bubbles(who, "whatsapp")).to_have_count(2)
    expect(stage.bubbles(who, "sms")).to_have_count(0)
    stage.speed(600)
    expect(stage.bubbles(who, "sms")).to_contain_text("is out for delivery")
    story = stage.story(who, "out-for-delivery")
    expect(story).to_contain_text("WhatsApp was not read within 30 min")


def test_a_phone_that_was_off_gets_the_sms_and_whatsapp_late(stage: Stage) -> None:
    who = "David Sjöberg"
    stage.ship(who)
    expect(stage.story(who)).to_contain_text("Sent by WhatsApp.")
    expect(stage.page.locator("#phone-david")).to_contain_text("Switched off")
    stage.speed(600)
    expect(stage.bubbles(who, "sms")).to_have_count(1)
    expect(stage.bubbles(who, "whatsapp")).to_have_count(1)
    story = stage.story(who)
    expect(story).to_contain_text("Sending by SMS because WhatsApp was not delivered")
    expect(story).to_contain_text("WhatsApp arrived late, after we had moved on.")


def test_one_may_skip_to_the_next_decision(stage: Stage) -> None:
    who = "David Sjöberg"
    stage.ship(who)
    expect(stage.story(who)).to_contain_text("Sent by WhatsApp.")
    stage.page.locator("#skip").click()
    expect(stage.page.locator("#speed-1")).to_have_attribute("aria-pressed", "true")
    expect(stage.page.locator("#skip")).to_have_count(0)
    stage.speed(60)
    expect(stage.story(who)).to_contain_text("Sending by SMS because WhatsApp was not")


def test_a_number_that_does_not_exist_is_not_delivered_to(stage: Stage) -> None:
    stage.ship("Ebba Hallgren")
    story = stage.story("Ebba Hallgren")
    expect(story.locator(".headline")).to_have_text(
        "Not delivered: every channel was tried"
    )
    expect(story.locator(".badge")).to_have_text("Not delivered")
    expect(stage.bubbles("Ebba Hallgren")).to_have_count(0)


def test_a_busy_provider_is_asked_again(stage: Stage) -> None:
    stage.ship("Filip Norén")
    expect(stage.bubbles("Filip Norén", "whatsapp")).to_contain_text("Read")
    again = stage.story("Filip Norén").get_by_text("Trying WhatsApp again")
    expect(again).to_have_count(2)
    expect(stage.bubbles("Filip Norén", "sms")).to_have_count(0)


def test_every_channel_looks_like_itself(stage: Stage) -> None:
    who = "Astrid Lindqvist"
    stage.choose("way", "All five, until an answer")
    stage.ship(who)
    for channel in ("whatsapp", "viber", "rcs", "sms", "email"):
        expect(stage.bubbles(who, channel)).to_have_count(1)
    for channel in ("whatsapp", "viber", "rcs"):
        picture = stage.bubbles(who, channel).get_by_role("img", name="parcel.png")
        assert picture.evaluate("it => it.naturalWidth") == 320
        link = stage.bubbles(who, channel).get_by_role("link", name="Track it")
        expect(link).to_be_visible()
    expect(stage.bubbles(who, "sms")).to_contain_text("1 part · GSM-7")
    expect(stage.bubbles(who, "email").locator(".bubble-subject")).to_be_visible()


def test_a_button_on_a_phone_answers(stage: Stage) -> None:
    who = "Clara Ekdahl"
    stage.ship(who)
    expect(stage.bubbles(who, "whatsapp")).to_have_count(1)
    stage.press(who, "Out for delivery")
    stage.phone(who).get_by_role("button", name="Yes, at home").click()
    story = stage.story(who, "out-for-delivery")
    expect(story).to_contain_text("They wrote by WhatsApp: “Yes, at home”")
    expect(story.locator(".badge")).to_have_text("Answered")
    stage.speed(600)
    expect(stage.bubbles(who, "sms")).to_have_count(0)


def test_an_answer_is_written_with_the_keyboard_while_the_page_goes_on(
    stage: Stage,
) -> None:
    who = "Bengt Nyström"
    stage.ship(who)
    expect(stage.bubbles(who, "sms")).to_have_count(1)
    line = stage.phone(who).get_by_label("Answer", exact=True)
    line.press_sequentially("Thank", delay=250)
    expect(line).to_have_value("Thank")
    line.press("Enter")
    expect(stage.story(who)).to_contain_text("They wrote by SMS: “Thank”")
    expect(line).to_have_value("")
    expect(stage.phone(who).locator(".bubble-own")).to_contain_text("Thank")


def test_a_short_link_leads_to_the_parcel_and_counts(opened: Opener) -> None:
    person = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    with opened(user_agent=person) as stage:
        stage.begin()
        stage.ship("Bengt Nyström")
        link = stage.bubbles("Bengt Nyström", "sms").get_by_role("link")
        with stage.page.expect_popup() as opening:
            link.click()
        heading = opening.value.get_by_role("heading", name="Your parcel")
        expect(heading).to_be_visible()
        expect(stage.story("Bengt Nyström")).to_contain_text("opened")


def test_late_reports_cost_a_second_message(stage: Stage) -> None:
    who = "Astrid Lindqvist"
    stage.choose("weather", "Reports come 40 min late")
    stage.ship(who)
    stage.speed(600)
    expect(stage.bubbles(who, "sms")).to_have_count(1)
    late = "WhatsApp arrived late, after we had moved on."
    expect(stage.story(who)).to_contain_text(late)


def test_shipping_turns_from_an_older_message_to_the_new_one(stage: Stage) -> None:
    stage.ship("Bengt Nyström")
    expect(stage.story("Bengt Nyström")).to_be_visible()
    stage.page.locator(".recent a", has_text="Bengt").first.click()
    expect(stage.page.get_by_text("Follow the newest")).to_be_visible()
    assert "?message=" in stage.page.url
    stage.ship("Astrid Lindqvist")
    expect(stage.story("Astrid Lindqvist")).to_be_visible()
    assert "?message=" not in stage.page.url


def test_what_matters_is_in_one_view(stage: Stage) -> None:
    stage.ship("Bengt Nyström")
    expect(stage.bubbles("Bengt Nyström", "sms")).to_be_visible()
    expect(stage.story("Bengt Nyström").locator(".line").nth(4)).to_be_in_viewport()
    expect(stage.order("Bengt Nyström")).to_be_in_viewport(ratio=1)
    for phone in stage.page.locator(".customer").all():
        expect(phone).to_be_in_viewport(ratio=1)


def test_everything_is_reached_with_the_keyboard(stage: Stage) -> None:
    stage.ship("Bengt Nyström")
    expect(stage.bubbles("Bengt Nyström", "sms")).to_be_visible()
    wanted = {"speed-1", "reset", "answer-bengt-0-text", "way", "weather"}
    stage.page.locator(".brand").focus()
    reached: list[str] = []
    while len(reached) < 60 and not wanted <= set(reached):
        stage.page.keyboard.press("Tab")
        reached.append(stage.page.evaluate("document.activeElement.id"))
    assert wanted <= set(reached)


def test_it_works_without_javascript(opened: Opener) -> None:
    with opened(java_script_enabled=False) as stage:
        stage.begin()
        stage.ship("Bengt Nyström")
        expect(stage.order("Bengt Nyström")).to_contain_text("Shipped")

        def arrived() -> bool:
            stage.page.reload()
            return stage.bubbles("Bengt Nyström", "sms").count() == 1

        until("the SMS is on the page", arrived, SECONDS)
