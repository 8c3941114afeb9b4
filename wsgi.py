"""The application for the web server; `flask …` finds it by itself."""

from app import create_app

app = create_app()
