"""The staff's first page: what asks for attention today. Each card is filled by its feature (`wiring.py`)."""

from flask import g
from werkzeug.wrappers import Response

from portal.extensions import wires
from portal.menus import menu
from portal.pages import show
from portal.portals import staff
from portal.roles import Permission


@staff.page("/home", Permission.SEE_HOME)
def show_home() -> Response:
    menu()  # counts besides what the cards say in numbers
    cards = [card for make in wires.home_cards if (card := make(g.user))]
    return show("home/show.html", cards=cards)
