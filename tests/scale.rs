//! What a mapping costs does not depend on how many accounts there are.

#![allow(clippy::unwrap_used)]

use std::{fs, net::Ipv4Addr, time::Duration};

use homerealm::{
    directory::{
        Directory, Entry, Limits, ObjectGuid, Password, Servers, ServiceAccount, Settings, TlsMode,
        embedded::{Account, Contents, EmbeddedDirectory, demo_accounts},
    },
    http::tls::{LocalCa, client_config},
    realm::{DomainName, FederatedDomain, Home, Mapping, Realm, SignInAttribute, SignInName},
};

const SMALL: u64 = 1_000;
const LARGE: u64 = 1_000_000;
/// Mappings in each round, and rounds.
const MAPPINGS: u64 = 400;
const ROUNDS: u64 = 9;

/// A directory of so many accounts, and a realm in front of it that remembers nothing.
async fn realm(accounts: u64) -> (EmbeddedDirectory, Realm) {
    let mut contents = Contents::demo().unwrap();
    let password = Password::parse(demo_accounts::PASSWORD).unwrap();
    contents.accounts = (0..accounts)
        .map(|number| {
            let guid = ObjectGuid::from_digits(u128::from(number) + 1);
            let attributes = vec![
                ("mail".to_owned(), vec![mail(number).into_bytes()]),
                (
                    "userPrincipalName".to_owned(),
                    vec![format!("u{number}@partners.contoso.com").into_bytes()],
                ),
                ("objectGUID".to_owned(), vec![guid.as_bytes().to_vec()]),
            ];
            Account {
                entry: Entry::new(
                    format!("CN=u{number},{}", demo_accounts::PARTNERS),
                    attributes,
                ),
                password: password.clone(),
                state: None,
            }
        })
        .collect();
    let ca = LocalCa::new().unwrap();
    let tls = ca.issue(&["localhost"]).unwrap().server_config().unwrap();
    let embedded = EmbeddedDirectory::start(contents, (Ipv4Addr::LOCALHOST, 0).into(), tls);
    let embedded = embedded.await.unwrap();
    let url = format!("ldaps://localhost:{}", embedded.address().port());
    let directory = Directory::new(Settings {
        servers: Servers::Listed(vec![url.parse().unwrap()]),
        tls_mode: TlsMode::Ldaps,
        tls: client_config(&[ca.ca_pem().as_bytes()]).unwrap(),
        service: ServiceAccount::Password {
            name: demo_accounts::SERVICE_DN.to_owned(),
            password: Password::parse(demo_accounts::SERVICE_PASSWORD).unwrap(),
        },
        base: demo_accounts::BASE.parse().unwrap(),
        scope_filter: None,
        password_change: homerealm::directory::PasswordChange::Off,
        limits: Limits::default(),
    });
    let mapping = Mapping {
        sign_in_attributes: vec![
            SignInAttribute::Mail,
            SignInAttribute::ProxyAddresses,
            SignInAttribute::UserPrincipalName,
        ],
        federated_domains: vec![FederatedDomain {
            suffix: DomainName::parse(demo_accounts::FEDERATED_SUFFIX).unwrap(),
            issuer: "https://idp.contoso.com/partners".to_owned(),
        }],
        scopes: vec![demo_accounts::PARTNERS.parse().unwrap()],
        cache_lifetime: Duration::ZERO,
        ..Mapping::default()
    };
    let home = Home::new("contoso", directory.unwrap(), mapping);
    (embedded, Realm::new(vec![home]))
}

fn mail(number: u64) -> String {
    format!("u{number:07}@fabrikam.com")
}

/// CPU of this thread, on which everything here runs, to the nanosecond.
fn cpu() -> Duration {
    let schedstat = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds = schedstat.split_whitespace().next().unwrap();
    Duration::from_nanos(nanoseconds.parse().unwrap())
}

/// The CPU of mapping names all over the directory, the directory's own included.
async fn cost(realm: &Realm, accounts: u64, round: u64) -> Duration {
    let numbers = (0..MAPPINGS).map(|at| (at * 7_919 + round * 104_729) % accounts);
    let names: Vec<_> = numbers
        .map(|number| (number, SignInName::parse(&mail(number)).unwrap()))
        .collect();
    let before = cpu();
    for (number, name) in &names {
        let account = realm.find(name).await.unwrap();
        assert_eq!(
            account.cloud_upn(),
            format!("u{number}@partners.contoso.com")
        );
    }
    cpu().saturating_sub(before)
}

#[tokio::test]
async fn a_mapping_among_a_million_accounts_costs_what_it_costs_among_a_thousand() {
    let (_small, small) = realm(SMALL).await;
    let (_large, large) = realm(LARGE).await;
    // The connections are opened, and everything is in memory that will be.
    cost(&small, SMALL, 0).await;
    cost(&large, LARGE, 0).await;
    let mut ratios = vec![];
    for round in 1..=ROUNDS {
        // In turn, so that whatever else the machine does falls on both.
        let small = cost(&small, SMALL, round).await;
        let large = cost(&large, LARGE, round).await;
        ratios.push(large.as_secs_f64() / small.as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    println!("a million to a thousand: {ratios:.3?}");
    let median = ratios[ratios.len() / 2];
    assert!(median <= 1.1, "{ratios:.3?}");
}
