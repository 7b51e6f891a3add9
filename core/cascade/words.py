"""The words people answer with, language by language.

Each stands for a whole message. Words that also cancel an appointment (CANCEL, AFMELDEN,
ABMELDEN, İPTAL) are answers and no STOP, whatever a carrier makes of them.

The English STOP words are those of 47 CFR 64.1200(a)(10) and of
https://docs.aws.amazon.com/sms-voice/latest/userguide/opt-out-list-keywords.html, but for
CANCEL; HELP and INFO are CTIA's. The other languages are our own choice: words that nobody
would use for anything else.
"""

from collections.abc import Mapping

Words = Mapping[str, str]  # by ISO 639 code; each word or phrase between commas

STOP: Words = {
    "en": "stop, stopall, stop all, unsubscribe, end, quit, revoke, optout, opt out, remove",
    "it": "disiscrivi, disiscrivimi, ferma",
    "de": "stopp, austragen",
    "fr": "arret, arreter, arretez, desabonner, desinscrire, desinscription",
    "es": "parar, alto, baja, detener, desuscribir",
    "pt": "parar, pare, sair, descadastrar",
    "nl": "stoppen, uitschrijven",
    "sv": "stopp, stoppa, avprenumerera",
    "no": "stopp, stans",
    "da": "stop, frameld",
    "fi": "seis, lopeta",
    "pl": "zatrzymaj, wypisz",
    "tr": "dur, durdur, ret",
    "el": "στοπ, σταμάτα, διακοπή",
    "ru": "стоп, отписаться, отписка",
    "uk": "стоп, відписатися",
    "ar": "توقف, قف, إيقاف, إلغاء الاشتراك",
    "he": "הסר, הסרה, עצור",
    "hi": "रोकें, रुकें, बंद, बंद करें",
}

START: Words = {
    "en": "start, unstop, subscribe",
    "it": "inizia, iscrivimi",
    "de": "starten",
    "fr": "demarrer, reprendre",
    "es": "iniciar, alta",
    "pt": "iniciar, comecar",
    "nl": "starten",
    "sv": "starta",
    "no": "start",
    "da": "start, tilmeld",
    "fi": "aloita",
    "pl": "wznów, zapisz",
    "tr": "başla, başlat",
    "el": "έναρξη, ξεκίνα",
    "ru": "старт, подписаться",
    "uk": "старт, підписатися",
    "ar": "ابدأ, بدء",
    "he": "התחל",
    "hi": "शुरू, शुरू करें",
}

HELP: Words = {
    "en": "help, info",
    "it": "aiuto",
    "de": "hilfe",
    "fr": "aide",
    "es": "ayuda",
    "pt": "ajuda",
    "nl": "hulp",
    "sv": "hjälp",
    "no": "hjelp",
    "da": "hjælp",
    "fi": "apua, ohje",
    "pl": "pomoc",
    "tr": "yardım",
    "el": "βοήθεια",
    "ru": "помощь",
    "uk": "допомога",
    "ar": "مساعدة",
    "he": "עזרה",
    "hi": "मदद, सहायता",
}

CONFIRM: Words = {
    "en": "yes, y, ok, okay, confirm, confirmed, i confirm",
    "it": "sì, confermo, conferma, va bene",
    "de": "ja, bestätigen, bestätigt, ich bestätige",
    "fr": "oui, confirmer, je confirme",
    "es": "sí, confirmo, confirmar",
    "pt": "sim, confirmo, confirmar",
    "nl": "ja, bevestigen, ik bevestig",
    "sv": "ja, bekräfta, jag bekräftar",
    "no": "ja, bekreft, jeg bekrefter",
    "da": "ja, bekræft, jeg bekræfter",
    "fi": "kyllä, vahvista, vahvistan",
    "pl": "tak, potwierdzam, potwierdź",
    "tr": "evet, onay, onaylıyorum",
    "el": "ναι, επιβεβαιώνω",
    "ru": "да, подтверждаю",
    "uk": "так, підтверджую",
    "ar": "نعم, تأكيد, أؤكد",
    "he": "כן, מאשר, מאשרת, אישור",
    "hi": "हाँ, हां, पुष्टि",
}

CANCEL: Words = {
    "en": "cancel, cancel it, cancelled, canceled, cancel appointment",
    "it": "annulla, annullare, disdico, disdici, disdire, cancella",
    "de": "absagen, absage, stornieren, abmelden",
    "fr": "annuler, annule, j'annule",
    "es": "cancelar, cancela, cancelo, anular",
    "pt": "cancelar, cancela, desmarcar",
    "nl": "annuleren, annuleer, afzeggen, afmelden",
    "sv": "avboka, avbokar",
    "no": "avbestill, avlys, avbestille",
    "da": "aflys, afbestil, afmeld",
    "fi": "peru, peruuta, perun",
    "pl": "odwołaj, odwołuję, anuluj",
    "tr": "iptal, iptal et",
    "el": "ακύρωση, ακυρώνω",
    "ru": "отмена, отменить, отменяю",
    "uk": "скасувати, скасовую",
    "ar": "إلغاء, ألغ",
    "he": "ביטול, לבטל",
    "hi": "रद्द, रद्द करें",
}

RESCHEDULE: Words = {
    "en": "reschedule, move, move it, another time, change appointment",
    "it": "sposta, spostare, rimanda",
    "de": "verschieben, umbuchen",
    "fr": "reporter, déplacer, décaler",
    "es": "reprogramar, aplazar",
    "pt": "remarcar, reagendar, adiar",
    "nl": "verzetten, verplaatsen",
    "sv": "omboka, boka om",
    "no": "flytt, ombestill",
    "da": "flyt, ombook",
    "fi": "siirrä",
    "pl": "przełóż, zmień termin",
    "tr": "ertele, erteleme",
    "el": "αναβολή, αλλαγή",
    "ru": "перенести, перенос",
    "uk": "перенести, перенесення",
    "ar": "تأجيل, تغيير الموعد",
    "he": "לדחות, שינוי מועד",
    "hi": "बदलें, समय बदलें",
}
