"""Makes the accounts of the throw-away domain, in its database, before it serves.

usage: seed.py DOMAIN-FOLDER PASSWORD LOCKOUT-THRESHOLD
Prints one line of JSON: each account's objectGUID in base64.
"""
import base64
import json
import sys
import time

import ldb
from samba import dsdb, unix2nttime
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

folder, password, threshold = sys.argv[1:]
settings = LoadParm()
settings.load(folder + "/etc/smb.conf")
db = SamDB(url=folder + "/private/sam.ldb", session_info=system_session(), lp=settings)
base = str(db.domain_dn())
partners, service, groups = (f"OU={name},{base}" for name in ("Partners", "Service", "Groups"))
DAY = 86400


def replace(dn, controls=(), **values):
    message = ldb.Message(ldb.Dn(db, dn))
    for name, value in values.items():
        message[name] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, name)
    db.modify(message, controls=list(controls))


def user(sam, name, mail=None, parent=partners, upn=None, uac=512, **more):
    dn = f"CN={name},{parent}"
    given, _, family = name.partition(" ")
    entry = {
        "dn": dn,
        "objectClass": "user",
        "sAMAccountName": sam,
        "userPrincipalName": upn or f"{sam}@partners.contoso.com",
        "displayName": name,
        "givenName": given,
        "sn": family or given,
        "userAccountControl": str(uac),
        "unicodePwd": f'"{password}"'.encode("utf-16-le"),
        **({"mail": mail} if mail else {}),
        **more,
    }
    db.add(entry)
    return dn


def group(name, *members):
    dn = f"CN={name},{groups}"
    sam = "".join(letter for letter in name if letter.isalnum() or letter == " ")
    db.add({"dn": dn, "objectClass": "group", "sAMAccountName": sam, "member": list(members)})
    return dn


replace(f"CN=Partitions,{db.get_config_basedn()}", uPNSuffixes=["partners.contoso.com"])
replace(
    base,
    lockoutThreshold=threshold,
    lockoutDuration=str(-30 * 60 * 10**7),
    lockOutObservationWindow=str(-30 * 60 * 10**7),
    minPwdAge="0",
    maxPwdAge=str(-42 * DAY * 10**7),
)
for unit in (partners, service, groups):
    db.add({"dn": unit, "objectClass": "organizationalUnit"})

user("svc-idp", "svc-idp", parent=service, upn="svc-idp@corp.contoso.test", uac=512 | 65536)
# As Windows writes it to members of protected groups within the hour.
replace(f"CN=Administrator,CN=Users,{base}", adminCount="1")
user("svc-operator", "svc-operator", parent=service, upn="svc-operator@corp.contoso.test")
db.add_remove_group_members("Account Operators", ["svc-operator"])
user(
    "wmoran",
    "Wendy Moran",
    "wmoran@fabrikam.com",
    proxyAddresses=["SMTP:wmoran@fabrikam.com", "smtp:wendy.moran@fabrikam.com"],
)
umlaut = user("umlaut", "Jürgen Müller, Nürnberg".replace(",", "\\,"), "j.mueller@tailspintoys.com")
anchored = user("anchored", "Anna Chored", "anchored@fabrikam.com")
replace(anchored, **{"mS-DS-ConsistencyGuid": bytes(range(65, 81))})
user("disabled", "Dee Disabled", "disabled@fabrikam.com", uac=514)
user("ended", "Ed Ended", "ended@fabrikam.com", accountExpires=str(unix2nttime(int(time.time()) - DAY)))
user("mustchange", "Max Change", "mustchange@fabrikam.com", pwdLastSet="0")
for sam, name, days in (
    ("oldpassword", "Olga Old", 90),
    ("soon", "Sonja Soon", 35),
    ("changing", "Chan Ging", 35),
):
    # Over LDAP pwdLastSet takes only 0 and -1.
    replace(
        user(sam, name, f"{sam}@fabrikam.com"),
        [f"local_oid:{dsdb.DSDB_CONTROL_BYPASS_PASSWORD_HASH_OID}:0"],
        pwdLastSet=str(unix2nttime(int(time.time()) - days * DAY)),
    )
user("forever", "Eva Ever", "forever@fabrikam.com", uac=512 | 65536)
user("nohours", "Nora Hours", "nohours@fabrikam.com", logonHours=bytes(21))
user("elsewhere", "Elsa Where", "elsewhere@fabrikam.com", userWorkstations="HER-OWN-PC")
user("locked", "Lou Locked", "locked@fabrikam.com")
user("shared1", "Sam Shared", "shared@fabrikam.com")
user("shared2", "Sue Shared", "shared@fabrikam.com")
user("admin", "Ada Min", "admin@fabrikam.com", adminCount="1")
user("claimer", "Cal Aimer", "ceo@contoso.com")
user("outside", "Oz Outside", "outside@fabrikam.com", parent=service)
nested = user("nested", "Nes Ted", "nested@fabrikam.com")
group("VPN Administrators", group("Operators", nested))
# A comma and a letter beyond ASCII in each name of a chain of four.
guests = group("Gäste\\, Wiki", umlaut, nested)
group("Wiki Owners", group("Wiki Editors", group("Wiki Readers", guests)))
group("Wiki Admins", anchored)

found = db.search(base, attrs=["sAMAccountName", "objectGUID"], expression="(objectClass=user)")
print(json.dumps({str(e["sAMAccountName"]): base64.b64encode(e["objectGUID"][0]).decode() for e in found}))
