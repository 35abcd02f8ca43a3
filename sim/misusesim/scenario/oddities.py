"""What each oddity is, in one line: for lists and for readers of scenarios."""

from __future__ import annotations

from typing import Final

ABOUT: Final = {
    "self_query": "An officer looks himself up, once or twice.",
    "system_test": "A directed test of a terminal with one's own plate and licence.",
    "same_surname": "A stranger of the officer's own surname turns up at his call or stop.",
    "wrong_dropdown": "A wrong pick in the menu, put right within a minute and a half.",
    "hotlist_repeat": "One hot-listed plate again and again, under one case.",
    "case_in_reason": "The case number is typed into the reason field.",
    "overtime": "Work before or after the regular shift.",
    "shift_swap": "Work in the hours of another watch.",
    "victim_protection": "Checks on the partner of a victim, by an officer put on the case.",
    "plate_before_stop": "A plate run a minute before the record of the stop.",
    "all_agency_alert": "An alert on a car to all agencies or a region: many ask within hours.",
    "public_figure_case": "A public figure is a real party to an incident, and in the news.",
    "mass_event": "A pursuit, mass casualties, a protest, a disaster: a surge of calls for hours.",
    "relative_in_call": "A relative of the officer is a party to his call or stop.",
    "lives_in_beat": "A neighbour of the officer is a party to his call or stop.",
    "abandoned_stop": "A plate run at a light, and no stop made of it: there is no record.",
    "call_out": "An officer called from home between two shifts.",
    "backfill": "A detective enters look-ups on a case of his own, weeks later.",
    "case_surge": "A detective takes over case after case for four weeks.",
    "nickname_search": "Many partial names: only a nickname, or a name misheard, is known.",
    "records_counter_day": "A clerk prints reports of accidents all day.",
    "auto_theft_batch": "The plates of an impound or salvage yard in one go, under a case.",
    "warrant_repeat": "One wanted person for weeks, without any case number.",
    "sustained_pair": "One wanted person's car for two weeks or more, without a case.",
    "shared_console": "A console stays logged in: colleagues ask under the account of who left.",
    "window_widening": "One plate over 12 hours, a day, a week and a month within seconds.",
    "applicant_check": "An applicant for a job or a ride-along checked under the right code.",
    "joint_case": "Look-ups with federal agents for a case of the agency's own.",
    "medical_case": "A nationwide search for somebody missing, dead or in need of help.",
    "broadcast_description": "People who look as the broadcast of a recent crime says.",
    "cold_case_search": "A search over months and the whole network for an old case.",
    "validation_batch": "The agency's own entries checked one by one, plate after plate.",
}
