"""Makes many partners, members, and one account or two for each conflict of the sync plan.

usage: partners.py DOMAIN-FOLDER PASSWORD HOW-MANY-PARTNERS
Prints one line of JSON: each account's objectGUID in base64.
"""
import base64
import json
import sys

import ldb
from samba import dsdb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

folder, password, count = sys.argv[1:]
settings = LoadParm()
settings.load(folder + "/etc/smb.conf")
db = SamDB(url=folder + "/private/sam.ldb", session_info=system_session(), lp=settings)
base = str(db.domain_dn())
partners, service, staff, groups = (
    f"OU={name},{base}" for name in ("Partners", "Service", "Staff", "Groups")
)


credentials = {"unicodePwd": f'"{password}"'.encode("utf-16-le")}
controls = []


def user(sam, upn="", mail="", parent=partners, uac=512, **more):
    entry = {
        "dn": f"CN={sam},{parent}",
        "objectClass": "user",
        "sAMAccountName": sam,
        "displayName": sam,
        "userAccountControl": str(uac),
        **credentials,
        **({"mail": mail or f"{sam}@fabrikam.com"} if mail is not None else {}),
        **({"userPrincipalName": upn or f"{sam}@partners.contoso.com"} if upn is not None else {}),
        **more,
    }
    db.add(entry, controls)
    return entry["dn"]


db.transaction_start()
suffixes = ldb.Message(ldb.Dn(db, f"CN=Partitions,{db.get_config_basedn()}"))
suffixes["upn"] = ldb.MessageElement(["partners.contoso.com"], ldb.FLAG_MOD_ADD, "uPNSuffixes")
db.modify(suffixes)
for unit in (partners, service, staff, groups):
    db.add({"dn": unit, "objectClass": "organizationalUnit"})
user("svc-idp", "svc-idp@corp.contoso.test", None, service, 512 | 65536)
# Deriving keys from a password takes longer than all else: everybody after the first has hers as it was
# stored.
first = db.search(f"CN=svc-idp,{service}", ldb.SCOPE_BASE, attrs=["unicodePwd", "pwdLastSet"])[0]
credentials = {"unicodePwd": first["unicodePwd"][0], "pwdLastSet": first["pwdLastSet"][0]}
controls = [f"local_oid:{dsdb.DSDB_CONTROL_BYPASS_PASSWORD_HASH_OID}:0"]
# One in three is of another organisation.
for number in range(int(count)):
    domain = ("fabrikam.com", "tailspintoys.com", "adatum.com")[number % 3]
    user(f"partner{number}", mail=f"partner{number}@{domain}")
for number in range(40):
    user(f"staff{number}", f"staff{number}@contoso.com", f"staff{number}@contoso.com", staff)

user("wrongtype", employeeType="Contractor")
user("declared", parent=staff, upn="declared@contoso.com", mail="declared@contoso.com", employeeType="Member")
user("noupn", upn=None)
user("plus", "plus+plus@partners.contoso.com")
user("unverified", "unverified@adatum.com")
user("fallback1", "fallback@adatum.com")
user("fallback2", "fallback@tailspintoys.com")
user("unfederated", "unfederated@legacy.contoso.com")
anchor = {"mS-DS-ConsistencyGuid": bytes(range(65, 81))}
user("anchor1", **anchor)
user("anchor2", **anchor)
user("nomail", mail=None)
user("noaddress", mail="ask reception")
user("shared1", mail="shared@fabrikam.com")
user("shared2", mail="shared@fabrikam.com")
user("mia", "mia@contoso.com", "mia@contoso.com", staff, proxyAddresses=["smtp:mia@wingtiptoys.com"])
user("miapartner", mail="mia@wingtiptoys.com")
user("owndomain", mail="somebody@contoso.com")
user("ownsuffix", mail="somebody@partners.contoso.com")
user("soft1", "soft@partners.contoso.com")
user("soft2", proxyAddresses=["smtp:soft@partners.contoso.com"])
user("privileged", adminCount="1")
user("outside", parent=service)
nested = user("nested")
user("disabled", uac=514)
inner = f"CN=Operators,{groups}"
db.add({"dn": inner, "objectClass": "group", "sAMAccountName": "Operators", "member": [nested]})
db.add({
    "dn": f"CN=Administrators of all,{groups}",
    "objectClass": "group",
    "sAMAccountName": "Administrators of all",
    "member": [inner],
})
db.transaction_commit()

found = db.search(base, attrs=["sAMAccountName", "objectGUID"], expression="(objectClass=user)")
print(json.dumps({str(e["sAMAccountName"]): base64.b64encode(e["objectGUID"][0]).decode() for e in found}))
