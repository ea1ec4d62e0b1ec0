//! What is said of a password's end and of where a request comes from, in one session.

use super::{world::party, *};
use crate::directory::{Entry, embedded::Account};

const DAY: i64 = 24 * 60 * 60;

/// Wendy's password ends in so many days, and Entra is to be told.
async fn world(days: i64, tells: bool) -> World {
    let mut contents = Contents::demo().unwrap();
    let is_wendy = |account: &&mut Account| account.entry.dn().starts_with("CN=Wendy Moran,");
    let wendy = contents.accounts.iter_mut().find(is_wendy).unwrap();
    let end = time::OffsetDateTime::now_utc().unix_timestamp() + days * DAY + DAY / 2;
    let end = ((end + 11_644_473_600) * 10_000_000).to_string();
    let attributes = wendy.entry.attributes();
    let attributes = attributes.map(|(name, values)| (name.to_owned(), values.to_vec()));
    let name = "msDS-UserPasswordExpiryTimeComputed".to_owned();
    let attributes = attributes.chain([(name, vec![end.into_bytes()])]);
    wendy.entry = Entry::new(wendy.entry.dn().to_owned(), attributes.collect());
    let mut entra = party("rp");
    entra.told.password_expiry = tells;
    let store = Arc::new(MemoryStore::default());
    let mut world = World::trusting(vec![entra], contents, store.clone(), store).await;
    world.sign_in = world.sign_in.within(Surroundings {
        corporate_networks: vec!["192.0.2.0/24".parse().unwrap()],
        password_page: "https://idp.test/password".to_owned(),
        password_reset_url: Some("https://reset.test/".to_owned()),
    });
    world
}

#[tokio::test]
async fn a_password_that_ends_soon_is_kept_with_the_session() {
    let world = world(3, true).await;
    let first = grant(world.type_in(&request("_1"), WENDY, PASSWORD).await);
    let token = first.new_session.clone().expect("a session");
    let asked = request("_2");
    let browser = browser("b");
    let again = grant(world.sign_in.begin(&asked, &browser, Some(&token)).await);
    assert_eq!(again.proof, Proof::Session);
    for grant in [first, again] {
        let told = world.sign_in.circumstances(&grant, None);
        let password = told.expiring_password.unwrap();
        assert_eq!(password.left.as_secs() / (24 * 60 * 60), 3);
        // The embedded directory changes none.
        assert_eq!(password.change_url.as_deref(), Some("https://reset.test/"));
    }
}

#[tokio::test]
async fn what_can_not_be_told_is_not_kept() {
    for (days, tells) in [(3, false), (40, true), (15, true), (-2, true)] {
        let world = world(days, tells).await;
        let grant = grant(world.type_in(&request("_1"), WENDY, PASSWORD).await);
        assert_eq!(grant.subject.particulars, None, "{days} {tells}");
        let told = world.sign_in.circumstances(&grant, None);
        assert_eq!(told.expiring_password, None);
    }
}

#[tokio::test]
async fn each_request_comes_from_where_it_comes_from() {
    let world = world(40, true).await;
    let token = world.wendy().await;
    for (id, from, inside) in [
        ("_1", "192.0.2.1", true),
        ("_2", "198.51.100.1", false),
        ("_3", "192.0.2.9", true),
    ] {
        let asked = request(id);
        let browser = browser("b");
        let grant = grant(world.sign_in.begin(&asked, &browser, Some(&token)).await);
        let told = world.sign_in.circumstances(&grant, from.parse().ok());
        assert_eq!(told.inside_corporate_network, Some(inside), "{from}");
    }
}
