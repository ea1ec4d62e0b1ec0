use super::*;
use crate::entra::fixture::saml1::claim;

const NAMESPACE: &str = "http://schemas.microsoft.com/ws/2012/01";
const INSIDE: &str = "insidecorporatenetwork";
const TIME: &str = "passwordexpirationtime";
const DAYS: &str = "passwordexpirationdays";
const URL: &str = "passwordchangeurl";

fn saying(it: &mut Node, claims: &[(&str, &str)]) {
    let claims = claims
        .iter()
        .map(|(name, value)| claim(NAMESPACE, name, value));
    it.at("AttributeStatement").children.extend(claims);
}

#[test]
fn what_ad_fs_says_is_read() {
    let change_url = (URL, "https://sts.contoso.com/adfs/portal/updatepassword/");
    for (claims, expected) in [
        (&[(INSIDE, "true")][..], "inside the corporate network"),
        (&[(INSIDE, "false")], "outside of the corporate network"),
        (&[(TIME, "1"), (DAYS, "0")], "the password ends within 1 s"),
        (
            &[
                (DAYS, "14"),
                (INSIDE, "true"),
                (TIME, "1209600"),
                change_url,
            ],
            "inside the corporate network; the password ends within 1209600 s",
        ),
    ] {
        let mut case = Case::new();
        saying(case.assertion(), claims);
        let verdict = case.judge();
        assert!(verdict.result.is_ok(), "{claims:?}: {:?}", verdict.result);
        let mut checks = verdict.checks.iter();
        let check = checks.find(|check| check.name == "Circumstances");
        assert_eq!(check.unwrap().found, expected);
    }
}

#[test]
fn what_it_does_not_say_so_is_refused() {
    let both = |time, days| [(TIME, time), (DAYS, days)];
    for value in ["True", "1", "", " true"] {
        misconfigured(|it| saying(it, &[(INSIDE, value)]), "not true or false");
    }
    misconfigured(
        |it| saying(it, &[(INSIDE, "true"), (INSIDE, "true")]),
        "more than once",
    );
    for time in ["0", "1209601"] {
        misconfigured(|it| saying(it, &both(time, "0")), "not 1 to 1209600");
    }
    for number in [
        "",
        "+1",
        "01",
        "1.5",
        "-1",
        "4294967296",
        "2026-01-01T00:00:00Z",
    ] {
        misconfigured(|it| saying(it, &both(number, "0")), "not a whole number");
        misconfigured(|it| saying(it, &both("1", number)), "not a whole number");
    }
    for (time, days) in [("86399", "1"), ("86400", "0"), ("1209600", "13")] {
        misconfigured(
            |it| saying(it, &both(time, days)),
            "and passwordexpirationtime are",
        );
    }
    for alone in [(TIME, "1"), (DAYS, "0"), (URL, "https://idp.test/password")] {
        misconfigured(|it| saying(it, &[alone]), "come together");
    }
    for url in [
        "",
        "/password",
        "http://idp.test/password",
        "https:password",
    ] {
        let claims = [(TIME, "1"), (DAYS, "0"), (URL, url)];
        misconfigured(|it| saying(it, &claims), "not an https address");
    }
    let by_certificate = |it: &mut Node| {
        let statement = it.at("AuthenticationStatement");
        statement.set(
            "AuthenticationMethod",
            "urn:oasis:names:tc:SAML:1.0:am:X509-PKI",
        );
        saying(it, &both("1", "0"));
    };
    misconfigured(by_certificate, "told of a sign-in by");
}
