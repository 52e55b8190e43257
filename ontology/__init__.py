"""The shipped ontology: schema, shapes, relations with their question templates, asset classes. Data only."""
