//! Who may come, by rules and by policies.

use super::*;
use crate::adfs::AccessControlPolicy;

#[test]
fn who_may_come_is_never_more_than_in_adfs() {
    const PERMIT: &str = "issue(Type = \"http://schemas.microsoft.com/authorization/claims/permit\", Value = \"true\");";
    const DENY: &str = "issue(Type = \"http://schemas.microsoft.com/authorization/claims/deny\", Value = \"true\");";
    let group = |sid: &str| format!("[Type == \"{GROUP}\", Value == \"{sid}\"] => ");
    let editors = || Access::Only(vec![vec![Condition::Group(EDITORS.to_owned())]]);
    for (rules, expected) in [
        (String::new(), Access::Nobody),
        (format!("=> {PERMIT}"), Access::Everyone),
        (group("S-1-5-21-1-2-3-1104") + PERMIT, editors()),
        (group("S-1-5-21-9") + PERMIT, Access::Nobody),
        (
            format!("=> {PERMIT}\n{}{DENY}", group("S-1-5-21-1-2-3-1104")),
            Access::Nobody,
        ),
        (
            format!("=> {PERMIT}\nNOT EXISTS([Type == \"x\"]) => {DENY}"),
            Access::Nobody,
        ),
        (format!("=> {PERMIT}\n=> gibberish"), Access::Nobody),
    ] {
        let translation = translate(&trust("", &rules), &domain());
        assert_eq!(translation.access, expected, "{rules}");
    }
    for (name, parameters, expected) in [
        ("Permit everyone", vec![], Access::Everyone),
        (
            "Permit specific group",
            vec!["CONTOSO\\Wiki \"Editors\"".to_owned()],
            editors(),
        ),
        (
            "Permit specific group",
            vec!["CONTOSO\\Others".to_owned()],
            Access::Nobody,
        ),
        ("Permit specific group", vec![], Access::Nobody),
        ("Permit everyone and require MFA", vec![], Access::Nobody),
        ("Our own", vec![], Access::Nobody),
    ] {
        let mut trust = trust("", "");
        let said = expected == Access::Nobody;
        trust.access_control_policy = Some(AccessControlPolicy {
            name: name.to_owned(),
            parameters,
        });
        let translation = translate(&trust, &domain());
        assert_eq!(translation.access, expected, "{name}");
        assert_eq!(!translation.untranslated.is_empty(), said, "{name}");
    }
}
