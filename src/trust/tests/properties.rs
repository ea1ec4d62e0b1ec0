//! Nothing is issued that no rule names, whatever the rules.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// Attributes of a person, each with a value that tells where it came from.
const ATTRIBUTES: [&str; 5] = ["department", "title", "mail", "l", "employeeNumber"];

fn any_source() -> impl Strategy<Value = (ClaimSource, Vec<String>)> {
    let named = prop::sample::select(&ATTRIBUTES[..]);
    prop_oneof![
        named.prop_map(|name| (attribute(name), vec![format!("value of {name}")])),
        "[a-z]{1,5}".prop_map(|text| (constant(&[&text]), vec![text])),
        Just((ClaimSource::CloudUpn, vec!["upn".into()])),
        Just((ClaimSource::ImmutableId, vec!["anchor".into()])),
        Just((ClaimSource::DisplayName, vec!["name".into()])),
        Just((ClaimSource::Email, vec!["sign-in".into()])),
        Just((
            ClaimSource::Groups(vec![
                (group("A"), "role a".into()),
                (group("B"), "role b".into())
            ]),
            vec!["role a".into(), "role b".into()],
        )),
    ]
}

fn any_person() -> impl Strategy<Value = Subject> {
    let has = prop::collection::vec(any::<bool>(), ATTRIBUTES.len());
    (has, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(has, external, in_a, in_b)| {
        let attributes = ATTRIBUTES.iter().zip(has).filter(|(_, has)| *has);
        let attributes =
            attributes.map(|(name, _)| ((*name).to_owned(), vec![format!("value of {name}")]));
        let groups = [("cn=a,dc=contoso", in_a), ("cn=b,dc=contoso", in_b)];
        let groups = groups.iter().filter(|(_, is_in)| *is_in);
        Subject {
            sign_in_name: "sign-in".into(),
            immutable_id: "anchor".into(),
            cloud_upn: "upn".into(),
            display_name: Some("name".into()),
            suffix: "suffix".into(),
            particulars: Particulars {
                external,
                directory: Some("directory".into()),
                places: vec!["place".into()],
                groups: groups.map(|(key, _)| (*key).to_owned()).collect(),
                attributes: attributes.collect(),
                password_expiry: Some(PasswordExpiry::new(time::OffsetDateTime::UNIX_EPOCH, true)),
            }
            .kept(),
        }
    })
}

/// What presets say without a rule.
fn said_by(preset: Preset) -> Vec<(String, Vec<String>)> {
    const IMMUTABLE_ID: &str = "http://schemas.microsoft.com/LiveID/Federation/2008/05/ImmutableID";
    let said: &[(&str, &str)] = match preset {
        Preset::Entra => &[
            ("IDPEmail", "upn"),
            ("http://schemas.xmlsoap.org/claims/UPN", "upn"),
            (IMMUTABLE_ID, "anchor"),
            (
                "http://schemas.microsoft.com/claims/authnmethodsreferences",
                "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password",
            ),
        ],
        Preset::EntraExternal => &[(EMAIL_ADDRESS, "sign-in"), (IMMUTABLE_ID, "anchor")],
        Preset::Saml2 | Preset::WsFederation => &[],
    };
    let said = said
        .iter()
        .map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()]));
    said.collect()
}

proptest! {
    #[test]
    fn nothing_is_issued_that_no_rule_names(
        person in any_person(),
        preset in prop::sample::select(vec![
            Preset::Entra, Preset::EntraExternal, Preset::Saml2, Preset::WsFederation,
        ]),
        rules in prop::collection::vec(("[a-c]", any_source(), any::<bool>()), 0..8),
    ) {
        let mut party = of(preset);
        let mut may_say = said_by(preset);
        for (name, (source, values), is_conditional) in rules {
            let conditions = if is_conditional { vec![in_group("A")] } else { vec![] };
            let rule = ClaimRule { conditions, ..ClaimRule::new(&*name, source) };
            party.add_claim(rule).unwrap();
            may_say.push((name, values));
        }
        let mut issued = BTreeSet::new();
        // Of which it is not to be told.
        let circumstances = expiring();
        for (protocol, claims) in [
            (Protocol::Saml2, party.claims(&person)),
            (Protocol::WsFederation, party.token_claims(&person, &circumstances)),
        ] {
            for (name, values) in plain(&claims) {
                prop_assert!(!values.is_empty());
                let mut named = may_say.iter().filter(|(named, _)| *named == name);
                for value in values {
                    let is_named = named.clone().any(|(_, values)| values.contains(&value));
                    prop_assert!(is_named, "{name} = {value}");
                    if party.speaks(protocol) {
                        issued.insert((name.clone(), value));
                    }
                }
                prop_assert!(named.next().is_some());
            }
        }
        // What explains is what issues.
        let explained = party.explain(&person, &circumstances).claims.into_iter();
        let told = explained.flat_map(|claim| {
            let values = claim.outcome.unwrap_or_default().into_iter();
            values.map(move |value| (claim.name.clone(), value))
        });
        prop_assert_eq!(told.collect::<BTreeSet<_>>(), issued);
        // A person without what the rules need is told about as if it were not there.
        if Needs::of(std::slice::from_ref(&party)) == Needs::default() {
            let bare = Subject { particulars: None, ..person.clone() };
            prop_assert_eq!(plain(&party.claims(&person)), plain(&party.claims(&bare)));
        }
    }
}
