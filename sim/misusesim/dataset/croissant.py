"""Croissant 1.1 description of a data set (https://docs.mlcommons.org/croissant/)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from misusesim.dataset import layout, schema

if TYPE_CHECKING:
    from misusesim.scenario.model import Scenario

CONFORMS_TO: Final = "http://mlcommons.org/croissant/1.1"
LICENCE_URL: Final = "https://creativecommons.org/publicdomain/zero/1.0/"
#: When the contract of schema version 2 was fixed. A data set's content follows from it, scenario
#: and seed, so this stands for the date of publication; the day of a run would change the bytes.
PUBLISHED: Final = "2026-11-29"

CONTEXT: Final[dict[str, Any]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "arrayShape": "cr:arrayShape",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}

RAI: Final = {
    "rai:dataCollection": "Simulated; no real person's data.",
    "rai:dataCollectionType": "Synthetic",
    "rai:dataUseCases": "Comparing detectors and policies against database misuse.",
    "rai:dataLimitations": (
        "Misuse rates are settings, not estimates; kinds of misuse that nobody has described are "
        "not in it."
    ),
    "rai:personalSensitiveInformation": "None; all names, plates and agencies are invented.",
}


def croissant(scenario: Scenario, manifest: dict[str, Any]) -> str:
    """Return the JSON-LD text: every file with its SHA-256, one record set per table."""
    files = [file for file in manifest["files"] if file["path"] not in layout.CARDS]
    described = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": f"misusebench-{scenario.name}",
        "description": (
            f"{scenario.title or scenario.name}. Synthetic log of {manifest['rows']['written']:,} "
            "queries to confidential police databases, with context and truth."
        ),
        "conformsTo": [CONFORMS_TO, "http://mlcommons.org/croissant/RAI/1.0"],
        "citeAs": f"MisuseBench, scenario {scenario.name}, seed {scenario.seed}",
        "creator": {"@type": "sc:Organization", "name": "MisuseBench"},
        "datePublished": PUBLISHED,
        "license": LICENCE_URL,
        "url": "urn:misusebench:data-set",
        "version": f"{scenario.version}.{schema.SCHEMA_VERSION}.0",
        "isLiveDataset": False,
        **RAI,
        "distribution": [_file_object(file) for file in files] + _file_sets(files),
        "recordSet": [_record_set(table) for table in _tables(files)],
    }
    return json.dumps(described, indent=1, ensure_ascii=False) + "\n"


def _file_object(file: dict[str, Any]) -> dict[str, Any]:
    parquet = file["path"].endswith(".parquet")
    return {
        "@type": "cr:FileObject",
        "@id": file["path"],
        "name": file["path"],
        "contentUrl": file["path"],
        "contentSize": f"{file['bytes']} B",
        "encodingFormat": "application/vnd.apache.parquet" if parquet else "application/toml",
        "sha256": file["sha256"],
    }


def _tables(files: list[dict[str, Any]]) -> list[str]:
    """Return the folders that hold parts, for instance ``truth/queries``."""
    parts = [file["path"] for file in files if file["path"].endswith(".parquet")]
    return sorted({path.rpartition("/")[0] for path in parts})


def _file_sets(files: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "@type": "cr:FileSet",
            "@id": f"{table}-parts",
            "name": f"{table}-parts",
            "encodingFormat": "application/vnd.apache.parquet",
            "includes": f"{table}/*.parquet",
        }
        for table in _tables(files)
    ]


def _record_set(table: str) -> dict[str, Any]:
    of = layout.schema_of(f"{table}/part")
    assert of is not None, "the writer refuses parts without a schema"
    found = {"@type": "cr:RecordSet", "@id": table, "name": table}
    if "query_id" in of.names:
        found["key"] = {"@id": f"{table}/query_id"}  # type: ignore[assignment]
    return {**found, "field": [_field(table, f) for f in of]}


def _field(table: str, f: pa.Field) -> dict[str, Any]:
    found = {
        "@type": "cr:Field",
        "@id": f"{table}/{f.name}",
        "name": f.name,
        "dataType": data_type(f.type),
        "source": {"fileSet": {"@id": f"{table}-parts"}, "extract": {"column": f.name}},
    }
    if pa.types.is_list(f.type):
        found |= {"isArray": True, "arrayShape": "-1"}
    return found


def data_type(kind: pa.DataType) -> str:
    """Return the Croissant data type of a column.

    Examples
    --------
    >>> data_type(pa.uint64()), data_type(pa.dictionary(pa.int8(), pa.string()))
    ('cr:UInt64', 'sc:Text')
    """
    if pa.types.is_dictionary(kind) or pa.types.is_list(kind):
        return data_type(kind.value_type)
    if pa.types.is_timestamp(kind):
        return "sc:DateTime"
    if pa.types.is_date(kind):
        return "sc:Date"
    if pa.types.is_boolean(kind):
        return "sc:Boolean"
    if pa.types.is_string(kind):
        return "sc:Text"
    return f"cr:{'UInt' if str(kind).startswith('u') else 'Int'}{kind.bit_width}"
