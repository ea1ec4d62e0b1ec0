//! The accounts of the demo: each shows one thing that a sign-in must get right.
//!
//! They are plain data, so that the demo page can list them and the Entra simulator can derive
//! the users that Entra Connect would have synchronised from them.

use super::{
    super::{AccountState, Dn, Entry, ObjectGuid, Password},
    Account, Contents,
};

/// The root of the demo directory.
pub const BASE: &str = "DC=contoso,DC=com";
/// Where partners are; sign-in is for accounts under it.
pub const PARTNERS: &str = "OU=Partners,DC=contoso,DC=com";
/// Where the organisation's own people are.
pub const STAFF: &str = "OU=Staff,DC=contoso,DC=com";
/// The suffix of partners' cloud UPNs, federated with the identity provider.
pub const FEDERATED_SUFFIX: &str = "partners.contoso.com";
/// The password of every demo account.
pub const PASSWORD: &str = "Part.ner-Pw0rd";
/// The service account that searches.
pub const SERVICE_DN: &str = "CN=svc-homerealm,OU=Staff,DC=contoso,DC=com";
/// Its password. No secret: the directory holds nothing real and listens on loopback only.
pub const SERVICE_PASSWORD: &str = "svc-Pw0rd-of-the-demo";

/// One account of the demo.
#[derive(Clone, Copy, Debug)]
pub struct DemoAccount {
    /// The account's name before Windows 2000, unique in the directory.
    pub sam_account_name: &'static str,
    /// Given name.
    pub given_name: &'static str,
    /// Family name.
    pub surname: &'static str,
    /// The external address.
    pub mail: Option<&'static str>,
    /// The cloud UPN.
    pub upn: &'static str,
    /// Further addresses, with their `smtp:`.
    pub proxy_addresses: &'static [&'static str],
    /// The unit it lies in: [`PARTNERS`] or [`STAFF`].
    pub unit: &'static str,
    /// What the right password is answered with, where that is not success.
    pub state: Option<AccountState>,
    /// Whether `adminCount` is 1: a member, now or once, of a protected group.
    pub privileged: bool,
    /// The account's `objectGUID`.
    pub object_guid: ObjectGuid,
    /// Its mS-DS-ConsistencyGuid, which takes precedence as the source of the ImmutableID.
    pub consistency_guid: Option<ObjectGuid>,
    /// What this account shows and what must happen, in one line.
    pub story: &'static str,
}

impl DemoAccount {
    /// The name that is shown.
    pub fn display_name(&self) -> String {
        format!("{} {}", self.given_name, self.surname)
    }

    /// The distinguished name.
    pub fn dn(&self) -> String {
        format!("CN={},{}", self.display_name(), self.unit)
    }

    /// The ImmutableID that Entra Connect would synchronise for it.
    pub fn immutable_id(&self) -> String {
        self.consistency_guid
            .unwrap_or(self.object_guid)
            .immutable_id()
    }

    fn account(&self, password: &Password) -> Account {
        let text = |value: &str| vec![value.as_bytes().to_vec()];
        // ADS_UF_NORMAL_ACCOUNT, and ADS_UF_ACCOUNTDISABLE (MS-ADTS 2.2.16).
        let control = if self.state == Some(AccountState::Disabled) {
            "514"
        } else {
            "512"
        };
        let name = self.display_name();
        let classes = ["top", "person", "organizationalPerson", "user"];
        let mut attributes = vec![
            (
                "objectClass",
                classes
                    .iter()
                    .map(|class| class.as_bytes().to_vec())
                    .collect(),
            ),
            ("cn", text(&name)),
            ("displayName", text(&name)),
            ("givenName", text(self.given_name)),
            ("sn", text(self.surname)),
            ("distinguishedName", text(&self.dn())),
            ("sAMAccountName", text(self.sam_account_name)),
            ("userPrincipalName", text(self.upn)),
            ("userAccountControl", text(control)),
            ("objectGUID", vec![self.object_guid.as_bytes().to_vec()]),
        ];
        if let Some(mail) = self.mail {
            attributes.push(("mail", text(mail)));
        }
        if !self.proxy_addresses.is_empty() {
            let values = self
                .proxy_addresses
                .iter()
                .map(|value| value.as_bytes().to_vec());
            attributes.push(("proxyAddresses", values.collect()));
        }
        if self.privileged {
            attributes.push(("adminCount", text("1")));
        }
        if let Some(guid) = self.consistency_guid {
            attributes.push(("mS-DS-ConsistencyGuid", vec![guid.as_bytes().to_vec()]));
        }
        let attributes = attributes
            .into_iter()
            .map(|(name, values)| (name.to_owned(), values))
            .collect();
        Account {
            entry: Entry::new(self.dn(), attributes),
            password: password.clone(),
            state: self.state,
        }
    }
}

/// What [`ACCOUNTS`] have in common.
const PARTNER: DemoAccount = DemoAccount {
    sam_account_name: "",
    given_name: "",
    surname: "",
    mail: None,
    upn: "",
    proxy_addresses: &[],
    unit: PARTNERS,
    state: None,
    privileged: false,
    object_guid: ObjectGuid::from_digits(0),
    consistency_guid: None,
    story: "",
};

/// All accounts of the demo.
pub const ACCOUNTS: &[DemoAccount] = &[
    DemoAccount {
        sam_account_name: "wmoran",
        given_name: "Wendy",
        surname: "Moran",
        mail: Some("wmoran@fabrikam.com"),
        upn: "wmoran@partners.contoso.com",
        object_guid: ObjectGuid::from_digits(0x3f1d_2b60_8a54_4c1e_9d37_0a5b_6c7d_8e01),
        story: "A partner like any other: she signs in with her own email, and Entra gets her cloud UPN.",
        ..PARTNER
    },
    DemoAccount {
        sam_account_name: "dlowe",
        given_name: "Dan",
        surname: "Lowe",
        mail: Some("dlowe@fabrikam.com"),
        upn: "dlowe@partners.contoso.com",
        state: Some(AccountState::Disabled),
        object_guid: ObjectGuid::from_digits(0x4e2c_3a71_9b65_4d2f_8e48_1b6c_7d8e_9f02),
        story: "Disabled: refused, and told why only after the right password.",
        ..PARTNER
    },
    DemoAccount {
        sam_account_name: "epark",
        given_name: "Eva",
        surname: "Park",
        mail: Some("epark@fabrikam.com"),
        upn: "epark@partners.contoso.com",
        state: Some(AccountState::PasswordExpired),
        object_guid: ObjectGuid::from_digits(0x5d3b_4982_ac76_4e30_9f59_2c7d_8e9f_a003),
        story: "Her password has expired: the right one is not enough any more.",
        ..PARTNER
    },
    DemoAccount {
        sam_account_name: "mchang",
        given_name: "Mia",
        surname: "Chang",
        mail: Some("mchang@northwindtraders.com"),
        upn: "mchang@partners.contoso.com",
        state: Some(AccountState::MustChangePassword),
        object_guid: ObjectGuid::from_digits(0x6c4a_5893_bd87_4f41_806a_3d8e_9fa0_b104),
        story: "New here: she must change the password that an administrator gave her first.",
        ..PARTNER
    },
    DemoAccount {
        sam_account_name: "reception1",
        given_name: "Front",
        surname: "Desk East",
        mail: Some("reception@adatum.com"),
        upn: "reception1@partners.contoso.com",
        object_guid: ObjectGuid::from_digits(0x7b59_67a4_ce98_4052_917b_4e9f_a0b1_c205),
        story: "Shares its address with Desk West: one address, two accounts, so neither may come in.",
        ..PARTNER
    },
    DemoAccount {
        sam_account_name: "reception2",
        given_name: "Front",
        surname: "Desk West",
        mail: Some("Reception@Adatum.com"),
        upn: "reception2@partners.contoso.com",
        object_guid: ObjectGuid::from_digits(0x8a68_76b5_dfa9_4163_a28c_5fa0_b1c2_d306),
        story: "Shares its address with Desk East, but for its case: refused as well.",
        ..PARTNER
    },
    DemoAccount {
        sam_account_name: "khart",
        given_name: "Kim",
        surname: "Hart",
        mail: Some("khart@contoso.com"),
        upn: "khart@contoso.com",
        unit: STAFF,
        privileged: true,
        object_guid: ObjectGuid::from_digits(0x9977_85c6_e0ba_4274_b39d_60b1_c2d3_e407),
        story: "Staff and an administrator: never through the partner door, whatever the password.",
        ..PARTNER
    },
    DemoAccount {
        sam_account_name: "olegacy",
        given_name: "Otto",
        surname: "Legacy",
        mail: Some("otto@wingtiptoys.com"),
        upn: "olegacy@legacy.contoso.com",
        object_guid: ObjectGuid::from_digits(0xa886_94d7_f1cb_4385_84ae_71c2_d3e4_f508),
        story: "His cloud UPN ends in a suffix that is not federated: Entra would refuse, so we do.",
        ..PARTNER
    },
    DemoAccount {
        sam_account_name: "psingh",
        given_name: "Priya",
        surname: "Singh",
        mail: Some("psingh@northwindtraders.com"),
        proxy_addresses: &[
            "SMTP:psingh@northwindtraders.com",
            "smtp:priya.singh@northwindtraders.com",
        ],
        upn: "psingh@partners.contoso.com",
        object_guid: ObjectGuid::from_digits(0xb795_a3e8_02dc_4496_95bf_82d3_e4f5_0609),
        story: "Also known as priya.singh@northwindtraders.com, an alias that signs in to the same account.",
        ..PARTNER
    },
    DemoAccount {
        sam_account_name: "jmueller",
        given_name: "Jürgen",
        surname: "Müller",
        mail: Some("j.mueller@tailspintoys.com"),
        upn: "jmueller@partners.contoso.com",
        object_guid: ObjectGuid::from_digits(0xc6a4_b2f9_13ed_45a7_a6c0_93e4_f506_170a),
        story: "A name beyond ASCII, in the DN as well: it must come through untouched.",
        ..PARTNER
    },
    DemoAccount {
        sam_account_name: "mgrant",
        given_name: "Maya",
        surname: "Grant",
        mail: Some("mgrant@wingtiptoys.com"),
        upn: "mgrant@partners.contoso.com",
        object_guid: ObjectGuid::from_digits(0xd5b3_c10a_24fe_46b8_b7d1_a4f5_0617_280b),
        consistency_guid: Some(ObjectGuid::from_digits(
            0x1122_3344_5566_4788_99aa_bbcc_ddee_ff0b,
        )),
        story: "Moved here from another forest: her ImmutableID is ms-DS-ConsistencyGuid, not objectGUID.",
        ..PARTNER
    },
    DemoAccount {
        sam_account_name: "nomail",
        given_name: "Noor",
        surname: "Aziz",
        upn: "naziz@partners.contoso.com",
        object_guid: ObjectGuid::from_digits(0xe4c2_d01b_350f_47c9_88e2_b506_1728_390c),
        story: "Has no email in the directory: no external address can mean this account.",
        ..PARTNER
    },
    DemoAccount {
        sam_account_name: "tlee",
        given_name: "Tom",
        surname: "Lee",
        mail: Some("tom+contoso@tailspintoys.com"),
        upn: "tlee@partners.contoso.com",
        object_guid: ObjectGuid::from_digits(0xf3d1_e02c_4610_48da_99f3_c617_2839_4a0d),
        story: "A plus address: tom+contoso is he, and plain tom is nobody here.",
        ..PARTNER
    },
    DemoAccount {
        sam_account_name: "hpatel",
        given_name: "Hema",
        surname: "Patel",
        mail: Some("hema.patel@gmail.com"),
        upn: "hpatel@partners.contoso.com",
        object_guid: ObjectGuid::from_digits(0x02e0_f13d_5721_49eb_aa04_d728_394a_5b0e),
        story: "Her address is at a mail host for everybody: no organisation's domain, and yet her own name.",
        ..PARTNER
    },
];

impl Contents {
    /// The demo directory.
    ///
    /// Only fails if the constants of this module were wrong; tests show that they are not.
    pub fn demo() -> Option<Self> {
        let password = Password::parse(PASSWORD).ok()?;
        let unit = |text: &str| text.parse::<Dn>().ok();
        Some(Self {
            base: unit(BASE)?,
            units: vec![unit(PARTNERS)?, unit(STAFF)?],
            service_dn: unit(SERVICE_DN)?,
            service_password: Password::parse(SERVICE_PASSWORD).ok()?,
            accounts: ACCOUNTS
                .iter()
                .map(|account| account.account(&password))
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn accounts_are_complete_and_distinct() {
        let contents = Contents::demo().unwrap();
        assert_eq!(contents.accounts.len(), 14);
        let guids: HashSet<_> = ACCOUNTS.iter().map(|account| account.object_guid).collect();
        let upns: HashSet<_> = ACCOUNTS.iter().map(|account| account.upn).collect();
        assert_eq!((guids.len(), upns.len()), (14, 14));
        for account in ACCOUNTS {
            assert!(!account.story.is_empty() && !account.given_name.is_empty());
            let dn: Dn = account.dn().parse().unwrap();
            assert!(dn.is_within(&account.unit.parse().unwrap()), "{dn}");
            assert!(account.sam_account_name.len() <= 20);
        }
    }

    #[test]
    fn the_moved_account_is_synchronised_by_its_consistency_guid() {
        let maya = ACCOUNTS
            .iter()
            .find(|account| account.sam_account_name == "mgrant")
            .unwrap();
        assert_eq!(
            maya.immutable_id(),
            maya.consistency_guid.unwrap().immutable_id()
        );
        assert_ne!(maya.immutable_id(), maya.object_guid.immutable_id());
    }
}
