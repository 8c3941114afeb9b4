"""What an agency can choose: the typed list of every option, with its default and a sentence of help."""
