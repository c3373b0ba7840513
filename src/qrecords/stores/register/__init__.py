"""The register: the database of the office. `Register` opens it, a `Transaction` reads or changes it."""

from qrecords.stores.register.database import Busy, Register, Transaction

__all__ = ["Busy", "Register", "Transaction"]
