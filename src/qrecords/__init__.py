"""Records room of a customer-service centre (QS/PA758A-2010)."""

__version__ = "0.1.0"
