"""The names the services were written with; qrecords.desk is the place."""

from qrecords.desk.places import REGISTER_FILE
from qrecords.desk.session import Session as Office
from qrecords.desk.session import missing_document, missing_records, trusted_newest
from qrecords.desk.workspace import system_now
from qrecords.ports import Clock

__all__ = ["REGISTER_FILE", "Clock", "Office", "missing_document", "missing_records", "system_now", "trusted_newest"]
