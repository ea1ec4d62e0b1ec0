use serde_json::{Map, Value, json};

use super::*;
use crate::{
    directory::AccountState,
    entra::DomainName as Initial,
    http::tls::client_config,
    microsoft_graph::{Credential, Endpoints, Graph},
    realm::{DomainName, FederatedDomain, ImmutableId, Listed},
    sync::{GuestRules, Plan, Terms},
};

fn terms() -> Terms {
    let suffix = DomainName::parse("partners.contoso.com").unwrap();
    Terms {
        tenant: Some(Initial::parse("contoso.onmicrosoft.com").unwrap()),
        verified_domains: vec![DomainName::parse("contoso.com").unwrap()],
        guests: GuestRules {
            upn_suffixes: vec![suffix.clone()],
            ..GuestRules::default()
        },
        federated_domains: vec![FederatedDomain {
            suffix,
            issuer: "https://idp.contoso.com/partners".to_owned(),
        }],
    }
}

fn anchor(name: &str) -> String {
    format!("{name}MyIRAFVEd2aImaq7zN==")
}

fn partner(name: &str) -> Listed {
    Listed {
        dn: format!("CN={name},OU=Partners,DC=contoso,DC=com"),
        upn: Some(format!("{name}@partners.contoso.com")),
        mail: Some(format!("{name}@fabrikam.com")),
        display_name: Some(name.to_owned()),
        immutable_id: Some(ImmutableId::parse(anchor(name)).unwrap()),
        ..Listed::default()
    }
}

fn plan(accounts: Vec<Listed>) -> Plan {
    let accounts = accounts.into_iter().map(|one| ("ad".to_owned(), one));
    Plan::new(&terms(), &accounts.collect::<Vec<_>>())
}

/// As the run before has made her.
fn made(name: &str) -> HeldUser {
    HeldUser {
        id: format!("id-{name}"),
        user_principal_name: Some(format!("{name}@partners.contoso.com")),
        display_name: Some(name.to_owned()),
        user_type: Some("Guest".to_owned()),
        account_enabled: Some(true),
        mail: Some(format!("{name}@fabrikam.com")),
        proxy_addresses: vec![format!("SMTP:{name}@fabrikam.com")],
        employee_type: Some(MARK.to_owned()),
        on_premises_immutable_id: Some(anchor(name)),
        on_premises_sync_enabled: None,
    }
}

fn compared(accounts: Vec<Listed>, held: &[HeldUser]) -> Changes {
    Changes::new(&terms(), &plan(accounts), held)
}

fn actions(changes: &Changes) -> Vec<String> {
    let changes = changes.changes.iter();
    changes
        .map(|change| format!("{} {}", change.action, change.user_principal_name))
        .collect()
}

#[test]
fn who_is_new_comes_and_who_is_gone_goes_first() {
    let mut renamed = partner("rita");
    renamed.display_name = Some("Rita R.".to_owned());
    renamed.mail = Some("rita@tailspintoys.com".to_owned());
    let mut disabled = partner("dan");
    disabled.state = Some(AccountState::Disabled);
    let mut locked = partner("lou");
    locked.state = Some(AccountState::LockedOut);
    let held = ["gone", "rita", "dan", "lou", "same"].map(made);
    let accounts = vec![partner("new"), renamed, disabled, locked, partner("same")];
    let changes = compared(accounts, &held);
    assert_eq!(
        actions(&changes),
        [
            "delete gone@partners.contoso.com",
            "disable dan@partners.contoso.com",
            "update rita@partners.contoso.com",
            "create new@partners.contoso.com",
        ]
    );
    assert_eq!((changes.managed, changes.unchanged), (5, 2));
    assert_eq!(changes.left_out, []);
    let [_, disable, update, create] = changes.changes.as_slice() else {
        panic!("{changes:?}")
    };
    assert_eq!(json!(disable.properties), json!({"accountEnabled": false}));
    let renamed = json!({"displayName": "Rita R.", "mail": "rita@tailspintoys.com"});
    assert_eq!(json!(update.properties), renamed);
    assert_eq!(
        json!(create.properties),
        json!({
            "accountEnabled": true,
            "displayName": "new",
            "employeeType": "Homerealm",
            "mail": "new@fabrikam.com",
            "mailNickname": "new",
            "onPremisesImmutableId": anchor("new"),
            "userPrincipalName": "new@partners.contoso.com",
            "userType": "Guest",
        })
    );
    let text = table(&changes);
    assert!(text.contains("update  rita@partners.contoso.com  displayName = \"Rita R.\""));
}

#[test]
fn nobody_else_is_touched() {
    type Mutation = fn(&mut HeldUser);
    let mutations: [(&str, Mutation); 6] = [
        ("not made here", |user| user.employee_type = None),
        ("of another kind", |user| {
            user.employee_type = Some("Contractor".to_owned());
        }),
        ("a member now", |user| {
            user.user_type = Some("Member".to_owned());
        }),
        ("from before there were guests", |user| {
            user.user_type = None;
        }),
        ("synced", |user| user.on_premises_sync_enabled = Some(true)),
        ("in another domain", |user| {
            user.user_principal_name = Some("gone@contoso.com".to_owned());
        }),
    ];
    for (what, mutate) in mutations {
        let mut user = made("gone");
        mutate(&mut user);
        let gone = compared(vec![], std::slice::from_ref(&user));
        assert_eq!(gone.changes, [], "{what}");
        let mut changed = partner("gone");
        changed.display_name = Some("Another".to_owned());
        let there = compared(vec![changed], &[user]);
        assert_eq!(there.changes, [], "{what}");
        assert_eq!(there.left_out.len(), 1, "{what}");
        assert_eq!(there.managed, 0, "{what}");
    }
}

#[test]
fn who_is_in_conflict_is_left_as_she_is() {
    let mut twin = partner("twin");
    twin.immutable_id = Some(ImmutableId::parse(anchor("other")).unwrap());
    let changes = compared(vec![partner("twin"), twin], &[made("twin")]);
    assert_eq!(changes.changes, []);
    assert_eq!(changes.left_out.len(), 2);
    assert!(changes.left_out[0].because.contains("upn-duplicate"));

    // A member by the plan who was made here as a guest; members otherwise are no matter of ours.
    let mut member = partner("same");
    member.upn = Some("same@contoso.com".to_owned());
    let changes = compared(vec![member.clone()], &[made("same")]);
    assert_eq!(changes.changes, []);
    assert!(changes.left_out[0].because.contains("member by the plan"));
    assert_eq!(compared(vec![member], &[]), Changes::default());
}

#[test]
fn names_that_others_have_are_not_taken_from_them() {
    let other = |change: fn(&mut HeldUser)| {
        let mut user = HeldUser {
            id: "other".to_owned(),
            user_principal_name: Some("mia@contoso.com".to_owned()),
            ..HeldUser::default()
        };
        change(&mut user);
        user
    };
    let in_the_way = [
        other(|user| user.user_principal_name = Some("NEW@partners.contoso.com".to_owned())),
        other(|user| user.mail = Some("New@fabrikam.com".to_owned())),
        other(|user| user.proxy_addresses = vec!["smtp:new@Fabrikam.com".to_owned()]),
    ];
    for user in in_the_way {
        let told = format!("{user:?}");
        let changes = compared(vec![partner("new")], &[user]);
        assert_eq!(changes.changes, [], "{told}");
        assert!(changes.left_out[0].because.contains("in Entra already"));
    }
    let free = compared(vec![partner("new")], &[other(|_| ())]);
    assert_eq!(actions(&free), ["create new@partners.contoso.com"]);
}

#[test]
fn the_guard_counts_who_loses_her_access() {
    let held: Vec<HeldUser> = (0..100).map(|n| made(&format!("u{n}"))).collect();
    let without = |gone: usize| {
        let rest = (gone..100).map(|n| partner(&format!("u{n}")));
        compared(rest.collect(), &held)
    };
    let guard = Guard::default();
    assert_eq!(guard.judge(&without(0)), Ok(()));
    assert_eq!(guard.judge(&without(5)), Ok(()));
    let said = guard.judge(&without(6)).unwrap_err().to_string();
    assert!(
        said.contains("6 of the 100 users") && said.contains("--yes-delete"),
        "{said}"
    );
    let (users, percent) = (5, 100);
    assert!(Guard { users, percent }.judge(&without(5)).is_ok());
    assert!(Guard { users, percent }.judge(&without(6)).is_err());
    // An empty directory.
    assert!(guard.judge(&without(100)).is_err());
    let mut disabled: Vec<Listed> = (0..100).map(|n| partner(&format!("u{n}"))).collect();
    for account in disabled.iter_mut().take(6) {
        account.state = Some(AccountState::Disabled);
    }
    assert!(guard.judge(&compared(disabled, &held)).is_err());
    // Nobody is there yet, and nobody goes.
    assert_eq!(guard.judge(&compared(vec![partner("new")], &[])), Ok(()));
}

#[test]
fn what_is_told_of_a_user_replaces_what_was_known() {
    let object = |value: Value| -> Map<String, Value> { serde_json::from_value(value).unwrap() };
    let mut held = Held::default();
    for told in [
        json!({"id": "1", "mail": "a@fabrikam.com", "userType": "Guest"}),
        json!({"id": "2", "mail": "b@fabrikam.com"}),
        json!({"id": "1", "mail": null, "displayName": "One", "proxyAddresses": ["smtp:a@b.example"]}),
        json!({"id": "2", "@removed": {"reason": "changed"}}),
        json!({"displayName": "nobody"}),
    ] {
        held.take(object(told));
    }
    let users = held.users().unwrap();
    assert_eq!(users.len(), 1);
    assert_eq!(users[0].mail, None);
    assert_eq!(users[0].display_name.as_deref(), Some("One"));
    assert_eq!(users[0].user_type.as_deref(), Some("Guest"));
    held.take(object(json!({"id": "3", "accountEnabled": "perhaps"})));
    assert!(held.users().is_err());
}

#[tokio::test]
async fn where_graph_is_not_reached_a_run_ends_soon() {
    // A port that nobody listens on any more.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    drop(listener);
    let endpoints = Endpoints {
        graph: base.parse().unwrap(),
        login: base.parse().unwrap(),
    };
    let token = Credential::Token("t".to_owned().into());
    let mut graph = Graph::new(endpoints, token, client_config(&[]).unwrap());
    let names = ["a", "b", "c", "d", "e"];
    let changes = compared(names.map(partner).to_vec(), &[]);
    let mut tried = Vec::new();
    let run = carry_out(&mut graph, &changes, |change, failure| {
        assert!(failure.is_some());
        tried.push(change.user_principal_name.clone());
    });
    let run = run.await;
    assert_eq!(tried.len(), 3);
    assert_eq!((run.done, run.failures.len(), run.not_tried), (0, 3, 2));
    assert!(run.stopped.is_some() && !run.is_good());
}
