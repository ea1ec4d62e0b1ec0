//! Which user principal names Entra takes (Microsoft 365, "prepare for directory synchronization").

/// The most characters before the `@`, behind it, and in all.
const LOCAL: usize = 64;
const DOMAIN: usize = 48;
const ALL: usize = 113;

/// Beside the letters A to Z and the digits.
const PUNCTUATION: &str = "'.-_!#^~";

/// Why Entra refuses the text as a user principal name; `None` where it takes it.
pub(super) fn refusal(upn: &str) -> Option<String> {
    let Some((local, domain)) = upn.split_once('@') else {
        return Some(format!("{upn:?} has no @"));
    };
    if domain.contains('@') {
        return Some(format!("{upn:?} has more than one @"));
    }
    if local.is_empty() || domain.is_empty() {
        return Some(format!(
            "{upn:?} lacks what stands before the @ or behind it"
        ));
    }
    let is_fit = |c: &char| c.is_ascii_alphanumeric() || PUNCTUATION.contains(*c);
    if let Some(refused) = local.chars().find(|c| !is_fit(c)) {
        return Some(format!("{upn:?} has the character {refused:?}"));
    }
    if local.starts_with('.') || local.ends_with('.') {
        return Some(format!(
            "{upn:?} has a dot at the beginning or before the @"
        ));
    }
    if local.len() > LOCAL || domain.len() > DOMAIN || upn.len() > ALL {
        return Some(format!(
            "{upn:?} is longer than {LOCAL} characters before the @ or {DOMAIN} behind it"
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_entra_takes_passes() {
        let long = format!("{}@contoso.com", "a".repeat(64));
        for good in ["wmoran@contoso.com", "o'brien_x-1.y!#^~@contoso.com", &long] {
            assert_eq!(refusal(good), None, "{good}");
        }
        let too_long = format!("{}@contoso.com", "a".repeat(65));
        let far_domain = format!("a@{}.com", "b".repeat(45));
        for bad in [
            "wmoran",
            "@contoso.com",
            "wmoran@",
            "w@moran@contoso.com",
            "w moran@contoso.com",
            "wmörän@contoso.com",
            "w&m@contoso.com",
            "w+m@contoso.com",
            "w/m@contoso.com",
            "wmoran.@contoso.com",
            ".wmoran@contoso.com",
            &too_long,
            &far_domain,
        ] {
            assert!(refusal(bad).is_some(), "{bad}");
        }
    }
}
