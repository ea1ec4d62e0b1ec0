//! Nothing is issued that no rule names, whatever the rules.

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
            },
        }
    })
}

proptest! {
    #[test]
    fn nothing_is_issued_that_no_rule_names(
        person in any_person(),
        preset in prop::sample::select(vec![Preset::Entra, Preset::EntraExternal, Preset::Saml2]),
        rules in prop::collection::vec(("[a-c]", any_source(), any::<bool>()), 0..8),
    ) {
        let mut party = of(preset);
        let mut may_say: Vec<(String, Vec<String>)> = match preset {
            Preset::Entra => vec![("IDPEmail".into(), vec!["upn".into()])],
            Preset::EntraExternal => vec![(EMAIL_ADDRESS.into(), vec!["sign-in".into()])],
            Preset::Saml2 => vec![],
        };
        for (name, (source, values), is_conditional) in rules {
            let conditions = if is_conditional { vec![in_group("A")] } else { vec![] };
            let rule = ClaimRule { conditions, ..ClaimRule::new(&*name, source) };
            party.add_claim(rule).unwrap();
            may_say.push((name, values));
        }
        let claims = party.claims(&person);
        for (name, values) in plain(&claims) {
            prop_assert!(!values.is_empty());
            let permitted: Vec<_> = may_say.iter().filter(|(named, _)| *named == name).collect();
            for value in values {
                let named = permitted.iter().any(|(_, values)| values.contains(&value));
                prop_assert!(named, "{name} = {value}");
            }
        }
        // A person without what the rules need is told about as if it were not there.
        let bare = Subject { particulars: Particulars::default(), ..person.clone() };
        let needs = Needs::of(std::slice::from_ref(&party));
        if needs == Needs::default() {
            prop_assert_eq!(plain(&claims), plain(&party.claims(&bare)));
        }
        // What explains is what issues.
        let issued: usize = claims.iter().map(|claim| claim.values().len()).sum();
        let explained = party.explain(&person).claims;
        let told = explained.iter().filter_map(|claim| claim.outcome.as_ref().ok());
        prop_assert!(told.clone().flatten().count() >= issued);
        prop_assert_eq!(told.count() == 0, issued == 0);
    }
}
