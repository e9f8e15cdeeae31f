"""Makes three requests of four about what the ledger has: by chance alone, nothing would be got past the first check."""

import os

import schemathesis

ACCOUNT = 1_000_001


def is_known(value):
    return isinstance(value, int) and not isinstance(value, bool) and value % 4 != 0


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    if path_parameters and is_known(path_parameters.get("terminal")):
        path_parameters["terminal"] = 1
    if path_parameters and is_known(path_parameters.get("account")):
        path_parameters["account"] = ACCOUNT + path_parameters["account"] % 12
    return path_parameters


@schemathesis.hook
def map_headers(context, headers):
    if headers and str(headers.get("Yika-Terminal"))[-1:] in list("123567"):
        headers["Yika-Terminal"] = "1"
    return headers


@schemathesis.hook
def map_body(context, body):
    if isinstance(body, dict):
        if "enrolmentToken" in body and is_known(body.get("terminal")):
            return {**body, "enrolmentToken": os.environ["YIKA_ENROLMENT"], "terminal": 2}
        if is_known(body.get("terminal")):
            body["terminal"] = 1
        if is_known(body.get("account")):
            body["account"] = ACCOUNT + body["account"] % 12
        if isinstance(body.get("last"), int) and isinstance(body.get("first"), int) and is_known(body["last"]):
            body["first"] = 1 + body["first"] % 1000
            body["last"] = body["first"] + body["last"] % 1000
    return body
