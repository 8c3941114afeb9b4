"""Writes the sample files of this folder: `python docs/samples/make_samples.py`.

They go with the demo agency (`flask demo`) and show what an import understands and what it refuses: accents, an
apostrophe, a Russian name, the night of the clock change, an unknown worker, a date that does not exist, blanks.
"""

import csv
import datetime as dt
import io
from pathlib import Path

HERE = Path(__file__).resolve().parent

VISITS_FR = [
    ["Client", "Date", "Heure de début", "Prestation", "Intervenant", "Durée", "Ordre de mission"],
    ["Mme LEFÈVRE Claire", "07/12/2026", "9h", "Aide au lever", "Mme N'DIAYE Aïssatou", "2h", "Clés chez la gardienne"],
    ["Claire Lefevre", "08/12/2026", "9h30", "Aide au lever", "N'Diaye Aïssatou", "1h30", ""],
    [
        "M. Denis Moreau",
        "07/12/2026",
        "14:00",
        "Ménage",
        "HADDAD Wassim",
        "90",
        "Sonner deux fois",
    ],
    [
        "M. Denis Moreau",
        "07/12/2026",
        "14:00",
        "Ménage",
        "Aïssatou N'Diaye",
        "",
        "Même intervention, à deux",
    ],
    [
        "Éloïse D'Angelo",
        "25/10/2026",
        "2h30",
        "Garde de nuit",
        "Jean Dupont",
        "3h",
        "Passage à l'heure d'hiver",
    ],
    ["D'ANGELO Eloise", "28/03/2027", "2h30", "Garde de nuit", "Jean Dupont", "3h", "Cette heure n'existe pas"],
    ["Éloïse D’Angelo", "09/12/2026", "10h", "Repassage d’été", "Zoé Inconnue", "1:30", "Intervenante inconnue"],
    ["Claire Lefèvre", "31/11/2026", "10h", "Ménage", "Wassim Haddad", "1h", "Cette date n'existe pas"],
    ["Claire Lefèvre", "10/12/2026", "", "", "", "", "Blancs remplis d'après la dernière intervention"],
    ["Paul Personne", "10/12/2026", "10h", "Ménage", "Wassim Haddad", "1h", "Client inconnu"],
]
VISITS_RU = [
    ["Клиент", "Дата", "Время начала", "Услуга", "Исполнитель", "Длительность", "Задание", "Состояние"],
    ["г-жа Иванова Анна", "07.12.2026", "9:30", "Aide au lever", "Петрова Ольга", "1 ч 30 мин", "Ключи у соседки", ""],
    ["Анна Иванова", "8 декабря 2026", "9 ч", "Ménage", "Ольга Петрова", "90", "", "К выполнению"],
    ["Анна Иванова", "09.12.2026", "10:00", "Aide au repas", "", "0:45", "", "Черновик"],
]
CLIENTS = [
    ["Civilité", "Prénom", "Nom", "E-mail", "Téléphone", "Langue", "Secteur", "Gestionnaire", "Invitation au portail"],
    ["Mme", "Claire", "Lefèvre", "client@example.org", "01 23 45 67 89", "français", "Nord", "Sofia Benali", ""],
    ["Mme", "Анна", "Иванова", "anna.ivanova@example.org", "", "русский", "Nord", "Sofia Benali", ""],
    ["M.", "Théo", "Sanchez-Roux", "theo.sanchez@example.org", "06 11 22 33 44", "fr", "Sud", "Igor Volkov", "oui"],
    ["Mme", "Inès", "O'Brien", "", "", "anglais", "Nord", "", "non"],
    ["M.", "Hugo", "Lambert", "hugo chez example.org", "", "fr", "Nord", "", ""],
    ["Mme", "Rose", "Petit", "", "", "fr", "Ouest", "", ""],
]
WORKERS = [
    ["Civilité", "Nom et prénom", "E-mail", "Téléphone", "Langue", "Secteur", "Invitation au portail"],
    ["Mme", "N'DIAYE Aïssatou", "aissatou.ndiaye@example.org", "06 12 34 56 78", "fr", "Nord, Sud", ""],
    ["M.", "Wassim Haddad", "", "06 98 76 54 32", "", "", ""],
    ["Mme", "Петрова Ольга", "", "", "русский", "Sud", ""],
    ["Mme", "GARCÍA Lucía", "lucia.garcia@example.org", "", "fr", "Nord", "oui"],
]


def csv_bytes(lines: list[list[str]], encoding: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(lines)
    return text.getvalue().encode(encoding)


def write_workbook(path: Path) -> None:
    """The same as a spreadsheet holds it: real dates, hours and durations."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.append(["Export du planning"])
    sheet.append([])
    sheet.append(VISITS_FR[0])
    sheet.append(["Claire Lefèvre", dt.date(2026, 12, 14), dt.time(9, 0), "Aide au lever", "Aïssatou N'Diaye",
                  dt.timedelta(hours=2), "Clés chez la gardienne"])  # fmt: skip
    sheet.append(["Denis Moreau", dt.date(2026, 12, 14), dt.time(14, 30), "Ménage", "Wassim Haddad", 90, None])
    sheet.append(["Анна Иванова", "15/12/2026", "9h30", "Aide au lever", "Ольга Петрова", "1h30", None])
    sheet.append(["Éloïse D'Angelo", dt.date(2026, 12, 15), None, "Ménage", "Jean Dupont", 1.5, None])
    book.save(path)


def main() -> None:
    (HERE / "visits-fr.csv").write_bytes(csv_bytes(VISITS_FR, "cp1252"))
    (HERE / "visits-ru.csv").write_bytes(csv_bytes(VISITS_RU, "utf-8-sig"))
    (HERE / "clients.csv").write_bytes(csv_bytes(CLIENTS, "utf-8-sig"))
    (HERE / "workers.csv").write_bytes(csv_bytes(WORKERS, "utf-8-sig"))
    write_workbook(HERE / "visits.xlsx")


if __name__ == "__main__":
    main()
