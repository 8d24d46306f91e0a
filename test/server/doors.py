# SPDX-License-Identifier: Apache-2.0
"""Every operation of the contract as a question: what it is asked about, by which body, and which actions of docs/access.csv decide it.

A door that asks for several actions, one after another, is answered by the first that is not allowed. An operation of several actions
has as many doors as it takes to ask for each of them alone.
"""
from typing import NamedTuple

from shares_test import at

PURPOSES = ("investigation", "review", "discovery", "records_request", "training", "own_recording")
REASON = {"reason": "told by the test"}
TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
DONE = (200, 201, 204)
OR_CONFLICT = (*DONE, 409)


class Door(NamedTuple):
    operation: str
    about: str = ""             # what {id} names, and how whoever asks stands to it; "": to nothing but the agency
    actions: tuple = ()         # as asked for, in turn; (): the one that the contract names
    body: object = None         # JSON, bytes, or a function of whoever asks and the thing
    query: object = ""          # or such a function
    headers: dict = {}
    relation: str = "other"     # where it is about nothing in particular
    purpose: str = "review"
    case: object = "22-1"       # the number that is named; None: none is
    warrant: object = None
    is_fresh: bool = False      # takes a person who has just shown a second factor: no dock and no token
    first: tuple = ()           # what is asked for before that, of the agency and not of the thing
    known_by: str = ""          # the same, but without it nothing is there
    seen_by: str = ""           # an action without which the thing is not there
    unless_theirs: str = ""     # the answer about what somebody else has begun or proposed
    is_any: bool = False        # one of the actions is enough
    is_changing: bool = False   # so that whoever may is given a thing of their own
    allowed: tuple = DONE       # what comes after the right was there
    only: object = None         # which of the things


def viewing(operation, action):
    """The same question for each purpose; and about a home with the case that it belongs to, and with a warrant."""
    def body(door):
        def made(asker, thing):
            basis = {"purpose": door.purpose, "case": door.case, "warrant": door.warrant}
            if operation != "make_share":
                return {**basis, "despite_quarantine": REASON["reason"]}
            kind = {"kind": "discovery"} if door.purpose == "discovery" else {"kind": "download", "ends_at": at(3600)}
            return {**kind, "recipient": "Dana", "recordings": [thing.id], **basis}
        return door._replace(body=made)
    for purpose in PURPOSES:
        # What binds an item binds all three alike: of some purposes one thing is enough.
        every = action == "view" or purpose in ("review", "discovery")
        door = Door(operation, "recording", (action,), purpose=purpose,
                    only=lambda thing, every=every: every or thing.has_still or thing.fact == "waits")
        yield body(door)
        yield body(door._replace(case="22-600", only=lambda thing: thing.fact in ("home", "unasked")))
        yield body(door._replace(warrant="W-1", only=lambda thing: thing.fact == "home"))
    yield body(Door(operation, "recording", (action,), purpose="investigation", case=None,
                    only=lambda thing: thing.state == "sealed" and not thing.fact))


def person(operation, action, body, **more):
    """About somebody else, and about whoever asks."""
    for about in ("spare", "self"):
        yield Door(operation, about, (action,), body, **more)


def beginning(kind, target, action, **more):
    return person("begin_assignment", action, lambda asker, thing: {"kind": kind, "person": thing.id, "target": target},
                  allowed=OR_CONFLICT, **more)


def ending(kind, action, known_by, **more):
    for about in (f"assignment of {kind}", f"own assignment of {kind}"):
        yield Door("end_assignment", about, (action,), REASON, known_by=known_by, allowed=OR_CONFLICT, **more)


def named(word):
    return lambda asker, thing: {"name": f"{word} {asker.name}", "number": f"{word}-{asker.name}"}


def program(operation, action="see_program"):
    for query, more in (("", ()), ("?embargoed=included", ("see_embargoed",)), ("?privileged=included", ("see_privileged",))):
        yield Door(operation, actions=(action, *more), query=query)


DOORS = [
    # ---- recordings ----
    Door("list_recordings"), Door("unattributed_days"),
    *(Door(operation, "recording") for operation in ("show_recording", "recording_custody", "recording_receipt", "recording_markers", "recording_camera")),
    # Where there is none, that is answered as if the recording were none.
    Door("recording_poster", "recording",
         only=lambda thing: thing.has_still or thing.state not in ("sealed", "held") or thing.fact in ("home", "sensitive", "waits")),
    *viewing("open_view", "view"), *viewing("open_export", "export"), *viewing("make_share", "share"),
    Door("change_recording", "recording", ("change",), {"category": None, **REASON}),
    # What is known already is said again: who may not move it is refused, and who may moves nothing.
    Door("change_recording", "recording", ("change", "reassign"), lambda asker, thing: {"incident": thing.incident, **REASON}),
    Door("change_recording", "recording", ("change", "restrict"), {"restriction": "minor", **REASON}, is_changing=True,
         allowed=OR_CONFLICT),
    Door("release_recording", "recording", body=REASON, allowed=OR_CONFLICT),
    Door("propose_lift", "recording", body=REASON, is_fresh=True, allowed=OR_CONFLICT),
    Door("place_hold", "recording", ("place_hold",), lambda asker, thing: {"matter": "Doe", "recording": thing.id, **REASON},
         first=("place_hold",), is_changing=True),
    # ---- uploads ----
    Door("create_upload", headers={**TUS, "Upload-Length": "1"}),
    *(Door(operation, about, headers=headers, body=body, unless_theirs="hide",
           is_changing=operation in ("append_to_upload", "remove_upload"))
      for about in ("upload of another", "own upload")
      for operation, headers, body in (("upload_offset", TUS, None), ("upload_state", {}, None), ("append_to_upload", BYTES, b"x"),
                                       ("remove_upload", TUS, None))),
    # ---- shares ----
    Door("list_shares", relation="own"),
    *(Door(operation, about, body=body, seen_by="see_shares", is_changing=operation == "revoke_share")
      for about in ("share of another", "own share")
      for operation, body in (("show_share", None), ("give_share_code", None), ("revoke_share", REASON))),
    # ---- file requests ----
    Door("make_file_request", body={"name": "Ella Marsh", "incident": "22-1", "words": "The film of your door"}),
    Door("list_file_requests", relation="own"),
    *(Door(operation, about, body=body, seen_by="see_file_requests", is_changing=operation == "revoke_file_request")
      for about in ("file request of another", "own file request")
      for operation, body in (("show_file_request", None), ("give_file_request_code", None), ("revoke_file_request", REASON))),
    # Nothing that is here was sent by somebody outside: whoever may accept is told that there is nothing to accept.
    Door("accept_recording", "recording", body=REASON, allowed=(409,)),
    # ---- imports ----
    Door("list_import_profiles"), Door("list_imports"), Door("begin_import", body={"title": "June", "profile": "axon_evidence", "zone": "America/New_York"}),
    *(Door(operation, "import") for operation in ("show_import", "list_unsent_import_files", "list_import_findings", "list_import_lines", "import_report")),
    Door("list_import_files", "import", body={"files": [{"path": "evidence.csv", "bytes": 1}]}),
    Door("send_import_file", "import", body={"path": "evidence.csv"}),
    # Of none has the inventory been sent: what may be done is answered with what is missing.
    *(Door(operation, "import", body=body, allowed=(409,)) for operation, body in (("read_import", {}), ("close_import", REASON))),
    Door("recording_origin", "recording"), Door("settle_recording_origin", "imported", body=REASON, allowed=OR_CONFLICT),
    # ---- people ----
    Door("list_people"), Door("list_units"), Door("list_cases"), Door("first_steps"), Door("console_acts"),
    Door("show_rules", relation="own"),
    Door("list_categories", actions=("list", "see_roster"), is_any=True),
    Door("show_person", "spare"), Door("show_sign_in", "spare"),
    *person("person_rights", "explain", None), *person("view_as", "explain", None),
    *(Door("list_assignments", actions=(action,), query=f"?kind={kind}") for kind, action in
      (("unit", "see_roster"), ("case", "see_cases"), ("clearance", "clear"), ("investigation", "investigate"))),
    Door("add_person", body=lambda asker, thing: {"login": f"new_{asker.name}", "roles": ["officer"]}, is_fresh=True),
    *person("invite_person", "manage_people", None, is_fresh=True, allowed=OR_CONFLICT),
    *person("change_roles", "manage_people", {"roles": ["officer"], **REASON}, is_fresh=True, allowed=OR_CONFLICT),
    *person("change_activity", "manage_people", {"active": True, **REASON}, allowed=OR_CONFLICT),
    *person("unlock_person", "manage_people", None, is_fresh=True, allowed=OR_CONFLICT),
    *person("reset_factors", "manage_people", REASON, is_fresh=True),
    Door("add_unit", body=named("Unit")), Door("add_category", body=named("Category")), Door("add_case", body=named("C")),
    Door("retire_category", "category", body=REASON, is_changing=True),
    Door("list_filed_statements", query="?person=spare"),
    *person("record_statement", "record_statement", lambda asker, thing: {"person": thing.id, "incident": f"22-2{asker.name}"}),
    *person("withdraw_statement", "record_statement",
            lambda asker, thing: {"person": thing.id, "incident": f"22-2{asker.name}", **REASON}),
    Door("set_rules", body={"own_viewing": "allowed", **REASON}, is_fresh=True),
    *beginning("device", "AX-1", "assign_device"), *beginning("unit", "Spare", "manage_people", is_fresh=True),
    *beginning("case", "22-501", "manage_cases"),
    *beginning("clearance", "medical", "clear", is_fresh=True), *beginning("investigation", "", "investigate"),
    *ending("device", "assign_device", "see_roster"), *ending("badge", "manage_people", "see_roster"),
    *ending("case", "manage_cases", "see_cases"), *ending("clearance", "clear", "clear", is_fresh=True),
    *ending("investigation", "investigate", "investigate", is_fresh=True),
    Door("register_device", body={"serial": "AX-1"}),
    # Whoever may register a camera and is no dock is told that these are a dock's.
    Door("dock_spool_key", body={}, allowed=(200, 400)),
    Door("unwrap_copy_key", body={"file": "00" * 16, "wrapped": "00" * 92}, allowed=(400,)),
    Door("tell_dock_state", body={"bays": [], "files_waiting": 0, "bytes_waiting": 0, "spool_bytes": 0, "spool_bytes_max": 0}, allowed=(200, 400)),
    Door("access_review"), Door("sign_access_review", body={"sha256": "0" * 64}, allowed=OR_CONFLICT),
    # ---- holds, and what takes two people ----
    Door("list_holds"), Door("list_proposals"),
    Door("place_hold", body=lambda asker, thing: {"matter": "Doe", "incident": "22-777", **REASON}),
    *(Door("propose_hold_release", about, body=REASON, is_fresh=True, allowed=OR_CONFLICT) for about in ("hold", "own hold")),
    Door("show_proposal", "proposal of release"),
    *(Door(operation, about, ("decide_hold_release" if "release" in about else "lift_restriction",), REASON, first=("see_proposals",),
           is_fresh=True, is_changing=True)
      for about in ("proposal of release", "own proposal of release", "proposal of lift")
      for operation in ("approve_proposal", "refuse_proposal")),
    *(Door("withdraw_proposal", about, (action,), REASON, first=("see_proposals",), unless_theirs="refuse", is_changing=True)
      for about, action in (("proposal of release", "propose_hold_release"), ("proposal of lift", "restrict"))),
    # ---- who watches those who look ----
    Door("list_alerts", relation="unattributed"), Door("list_digests", relation="unattributed"),
    Door("show_alert", "alert"), Door("acknowledge_alert", "alert", body=REASON, allowed=OR_CONFLICT),
    Door("show_digest", "digest"),
    Door("sign_digest", "digest", body={"note": "read"}, first=("see_digests",), seen_by="see_digests", relation="unattributed",
         allowed=OR_CONFLICT),
    # ---- the program ----
    *program("program_status"), *program("program_costs"), *program("program_report"), *program("list_statements"),
    *program("program_bargaining", "see_bargaining"), *program("program_gates", "see_bargaining"),
    *(door._replace(query=(door.query + "&" if door.query else "?") + "month=2022-03") for door in program("program_metering")),
    Door("begin_phase", body={"phase": "pilot", "on": "2022-12-02"}, allowed=(*OR_CONFLICT, 400)),  # once begun it is stated
    Door("waive_gate", body=lambda asker, thing: {"gate": "by-command" if asker.name == "command" else "by-manager", **REASON}, is_fresh=True),
    Door("program_volumes", query="?from=2022-01&until=2022-03"),
    Door("program_forecast", body=lambda asker, thing: {"volumes": asker.town.volumes}),
    Door("import_statements", body={
        "format": "lapel-program/1", "sources": {"s": {"by": "the grantor", "where": "A notice", "on": "2022-10-21"}},
        "statements": [{"subject": "contract/axon", "field": "vendor", "value": "Axon", "source": "s"}]}),
    Door("list_publications"), Door("publish_report", body={"title": "To the council"}), Door("show_publication", "publication"),
    *program("program_measures"), Door("list_profiles"),
    *(Door(operation, actions=("see_program", *more), query=f"{query}{also}") for operation, query in (("profile_report", "?year=2022"), ("grant_pack", "?format=json"))
      for also, more in (("", ()), ("&embargoed=included", ("see_embargoed",)))),
    Door("list_drafts", actions=("see_program", "review_report"), is_any=True), Door("draft_report", body={"title": "To the council"}),
    Door("show_draft", "draft", actions=("see_program", "review_report"), is_any=True),
    # Without a reason nothing is decided: who is named for it is program_test.py's.
    Door("review_draft", "draft", body={"decision": "approved"}, allowed=(400,)),
    Door("publish_draft", "draft", is_changing=True),
    # ---- cameras and turns ----
    Door("show_staffing"), Door("list_cameras"), Door("list_docks"), Door("dock_states"), Door("list_camera_systems"), Door("camera_system_entries", "camera system"),
    Door("add_camera_system", body=named("System"), is_fresh=True, allowed=OR_CONFLICT),
    Door("renew_camera_system", "camera system", body={}, is_fresh=True),
    Door("revoke_camera_system", "camera system", is_changing=True, allowed=OR_CONFLICT),
    # What is no key, and a reason of two lines, come behind the right.
    Door("list_camera_keys"), Door("trust_camera_key", body={"serial": "AX-7", "key": "none"}, is_fresh=True, allowed=(400,)),
    Door("revoke_camera_key", "no camera key", body={"reason": "two\nlines"}, allowed=(400,)), Door("show_rotation"), Door("plan_rotation"),
    Door("list_participations"),
    Door("import_staffing", actions=("manage_staffing",), body={"csv": "what,name,from\ncamera,AX-7,2022-12-01\n"}),
    Door("import_staffing", actions=("manage_staffing", "manage_people"),
         body=lambda asker, thing: {"csv": f"what,name\nunit,Of {asker.name}\n"}),
    Door("set_issue_mode", body={"mode": "pool", **REASON}),
    Door("show_camera", "camera"), Door("camera_record", "camera"), Door("report_camera", "camera", body={"firmware": "1"}),
    Door("set_camera_state", "camera", body={"state": "in_service", **REASON}, allowed=OR_CONFLICT),
    Door("add_fault", "camera", body={"what": "dark"}), Door("fix_fault", "fault", body={"fix": "new"}, is_changing=True),
    Door("begin_scans", body={"mode": "audit"}), Door("scan", "run", body={"code": "AX-7"}),
    Door("end_scans", "run", body={}, is_changing=True),
    Door("set_rotation_window", body={"min_days": 7, "max_days": 90, **REASON}),
    *person("add_participation", "manage_rotation",
            lambda asker, thing: {"person": thing.id, "status": "volunteered", "on": "2022-10-13"}, allowed=OR_CONFLICT),
    Door("begin_turn", "slot", ("manage_rotation", "assign_device"), {"person": "spare", "on": "2022-12-02"}, allowed=OR_CONFLICT),
    Door("swap_turn", "turn", ("manage_rotation", "assign_device"), {"person": "spare", "on": "2022-12-02"}, allowed=OR_CONFLICT),
    Door("vacate_turn", "turn", ("manage_rotation", "assign_device"), {"on": "2022-12-02", **REASON}, allowed=OR_CONFLICT),
    Door("end_slot", "slot", body={"on": "2022-12-02", **REASON}, allowed=OR_CONFLICT),
    # ---- policies and training ----
    Door("list_policies"), Door("list_courses"), Door("list_sessions"), Door("policy_checklist"),
    Door("add_policy", body=lambda asker, thing: {"slug": f"of-{asker.name.replace('_', '-')}", "title": "Of theirs"}),
    Door("show_policy", "policy"), Door("policy_in_force", "policy"),
    Door("issue_policy", "policy", body={"clauses": [{"key": "a", "heading": "A", "text": "Read it."}]}, allowed=OR_CONFLICT),
    Door("show_policy_version", "policy version"), Door("policy_changes", "policy version"),
    # With the wrong answers nothing is on record, and no factor is asked for.
    Door("acknowledge_policy", "policy version", body={"answers": [1]}),
    Door("training_overview", relation="unattributed"),
    *(Door("training_record", about) for about in ("spare", "self")),
    Door("recording_policies", "recording"),
    Door("set_requirement", body=lambda asker, thing: {"policy": "read-me", "required": False, **REASON}),
    Door("add_course", body=lambda asker, thing: {"slug": f"of-{asker.name.replace('_', '-')}", "title": "Of theirs"}),
    Door("plan_session", body=lambda asker, thing: {"course": "basic", "on": "2022-11-30", "place": asker.name}, allowed=OR_CONFLICT),
    Door("show_session_roster", "session"), Door("cancel_session", "session", body=REASON, is_changing=True),
    Door("scan_attendance", "held session", body={"code": "spare"}),
    Door("withdraw_attendance", "attendance", body=REASON, is_changing=True),
    *person("import_attendance", "manage_training",
            lambda asker, thing: {"csv": f"course,on,login\nbasic,2022-11-28,{thing.officer or 'spare'}\n"}),
    # ---- agencies, and the directory ----
    Door("list_agencies"), Door("add_agency", body=named("Town of")),
    Door("renew_setup_link", "agency", first=("manage_agencies",), allowed=OR_CONFLICT),
    Door("scim_configuration"), Door("scim_resource_types"), Door("scim_schemas"), Door("list_directory_users"),
    Door("list_directory_groups"),
    Door("add_directory_user", body=lambda asker, thing: {"userName": f"of_{asker.name}"}),
    Door("add_directory_group", body=lambda asker, thing: {"displayName": f"of {asker.name}"}),
    Door("show_directory_user", "directory user"), Door("put_directory_user", "directory user", body={"userName": "in_step"}),
    Door("patch_directory_user", "directory user", body={"Operations": [{"op": "add", "path": "displayName", "value": "In Step"}]}),
    Door("remove_directory_user", "directory user", is_changing=True),
    Door("show_directory_group", "directory group"), Door("put_directory_group", "directory group", body={"displayName": "Night watch"}),
    Door("patch_directory_group", "directory group", body={"Operations": [{"op": "add", "path": "externalId", "value": "g"}]}),
    Door("remove_directory_group", "directory group", is_changing=True),
    # ---- by whom it was shared with ----
    Door("show_received"), Door("accept_order", body=lambda asker, thing: {"share": asker.town.sent}, allowed=OR_CONFLICT),
    Door("confirm_receipt", body=lambda asker, thing: {"share": asker.town.sent}),
    Door("open_received", "sent", body=lambda asker, thing: {"share": asker.town.sent, "use": "watch"}),
    *(Door(operation, "sent", query=lambda asker, thing: f"?share={asker.town.sent}", allowed=OR_CONFLICT)
      for operation in ("received_discovery", "received_receipt")),
    # ---- what is there for everybody ----
    *(Door(operation) for operation in (
        "upload_options", "upload_item_options", "health", "readiness", "metrics", "openapi", "problem", "first_ledger_key", "ledger_key",
        "first_checkpoint", "checkpoint", "first_ledger_tile", "ledger_tile", "show_session", "show_provider")),
]
# Doors that something else than the asker's role opens, and where they are asked.
ELSEWHERE = {
    **dict.fromkeys(("recording_filmstrip", "recording_track", "view_original", "view_export"), "takes a view of one's own: two_agencies_test.py"),
    "received_content": "takes a recipient's view of a copy: shares_test.py",
    **dict.fromkeys((
        "swift_token", "swift_put_container", "swift_post_container", "swift_head_container", "swift_put_object",
        "swift_post_object", "swift_head_object", "swift_get_object"),
        "takes a camera system's own token: content_destination_test.py"),
    "show_my_file_request": "takes the token of a link: file_requests_test.py",
    **dict.fromkeys((
        "enter_file_request", "enter_share", "leave_share", "sign_in", "sign_out", "ask_passkey", "sign_in_by_passkey", "leave_for_provider",
        "come_back_from_provider", "show_factor", "accept_banner", "show_setup", "set_up", "enroll_dock", "dock_nonce", "dock_token"),
        "is how somebody becomes one: sign_in_test.py, federation_test.py, dock_test.py"),
    **dict.fromkeys((
        "show_account", "begin_totp", "confirm_totp", "ask_new_passkey", "add_passkey", "remove_factor", "make_recovery_codes",
        "change_password", "end_other_sessions"), "is the asker's own, by a session: sign_in_test.py"),
}
