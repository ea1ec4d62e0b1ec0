//! Random octets for identifiers, nonces and tokens, drawn from AWS-LC in larger portions.
//!
//! A draw from the generator costs some 2,900 instructions, whether of 16 octets or of 512, and a
//! sign-in needs four. So each thread keeps a portion, and hands every octet of it out once.

use std::cell::RefCell;

use zeroize::Zeroize;

use super::KeyError;

/// How many octets are drawn at once.
const PORTION: usize = 512;

struct Portion {
    octets: [u8; PORTION],
    /// From here to the end nobody has had them yet.
    unused: usize,
}

thread_local! {
    static PORTION_OF_THREAD: RefCell<Portion> = const {
        RefCell::new(Portion {
            octets: [0; PORTION],
            unused: PORTION,
        })
    };
}

/// `N` octets that nobody can foresee and nobody else gets; at most [`PORTION`] of them.
///
/// What is handed out is wiped here, so that a memory dump shows no value that is in use.
///
/// # Errors
/// When the system gives no random octets.
pub fn random_octets<const N: usize>() -> Result<[u8; N], KeyError> {
    const { assert!(N <= PORTION) };
    PORTION_OF_THREAD.with_borrow_mut(|portion| {
        if portion.octets.len() - portion.unused < N {
            // First nothing is left, so that a failure leaves nothing to hand out.
            portion.unused = PORTION;
            aws_lc_rs::rand::fill(&mut portion.octets)?;
            portion.unused = 0;
        }
        let mut taken = [0; N];
        for (taken, octet) in taken
            .iter_mut()
            .zip(portion.octets.iter_mut().skip(portion.unused))
        {
            *taken = *octet;
            octet.zeroize();
        }
        portion.unused += N;
        Ok(taken)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_octets_are_handed_out_twice() {
        let draw = || (0..1_000).map(|_| random_octets::<16>().unwrap());
        let other = std::thread::spawn(move || draw().collect::<Vec<_>>());
        let mut seen: HashSet<_> = draw().collect();
        seen.extend(other.join().unwrap());
        assert_eq!(seen.len(), 2_000);
        assert!(!seen.contains(&[0; 16]));
    }

    #[test]
    fn sizes_may_be_mixed_and_reach_the_portion() {
        let whole = random_octets::<PORTION>().unwrap();
        // Each value is rare: of the 256, 512 fair octets have some 220.
        assert!(whole.iter().collect::<HashSet<_>>().len() > 150);
        assert_ne!(
            random_octets::<511>().unwrap()[..32],
            random_octets::<33>().unwrap()[..32]
        );
        PORTION_OF_THREAD.with_borrow(|portion| {
            let spent = portion.octets.get(..portion.unused).unwrap();
            assert!(spent.iter().all(|octet| *octet == 0));
        });
    }
}
