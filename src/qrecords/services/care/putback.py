"""Put what was read from objects into the register: items with their records, volumes with their places."""

from __future__ import annotations

from collections.abc import Sequence

from qrecords.model.record import Record, State
from qrecords.services.care.unfreeze import Unfrozen
from qrecords.stores.register import Transaction


def put_back(tx: Transaction, found: Unfrozen) -> None:
    """Let the register know of filed items and volumes as their objects tell them; every series goes on after them."""
    for item in found.items:
        tx.items.restore(item.row)
        _put_records(tx, item.records)
        for printed in item.prints:
            tx.records.restore_print(printed)
        for sha256, text in item.texts.items():
            tx.beside.set_text(sha256, text)
    for back in found.documents:
        tx.documents.reserve(back.document)
        if back.item is not None:
            tx.items.restore(back.item)
    for volume in found.volumes:
        tx.items.restore_volume(volume.row, volume.lines)
        tx.records.change(volume.record_nos, state=State.BOUND, volume_code=volume.row.volume_code)
    raise_counters(tx)


def _put_records(tx: Transaction, records: Sequence[Record]) -> None:
    tx.records.add([(record, None) for record in records])
    for record in records:
        for signed in record.signatures:
            tx.records.sign([record.record_no], signed, signed.recorded_at, signed.recorded_by)
        for attached in record.attached:
            tx.beside.add([record.record_no], attached, attached.added_at, attached.added_by)
        for correction in record.corrections:
            tx.records.correct(record.record_no, correction)
    tx.records.touch([record.record_no for record in records])


def raise_counters(tx: Transaction) -> None:
    """Let every series go on after the highest number found."""
    for name, number in tx.counters.used().items():
        tx.counters.raise_to(name, number)
