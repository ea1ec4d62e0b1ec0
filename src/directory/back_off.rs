use std::time::{Duration, Instant};

use super::DirectoryError;

/// Keeps a directory that is down from being dialled for each sign-in.
#[derive(Debug, Default)]
pub(super) struct BackOff {
    failures: u32,
    rest: Option<(Instant, DirectoryError)>,
}

impl BackOff {
    const FIRST: Duration = Duration::from_millis(50);
    const LONGEST: Duration = Duration::from_secs(1);
    /// After a refused bind of the service account: each try counts towards its lockout.
    const REFUSED: Duration = Duration::from_secs(15);

    /// The last failure, for as long as dialling again makes no sense.
    pub(super) fn check(&self) -> Result<(), DirectoryError> {
        match &self.rest {
            Some((until, error)) if Instant::now() < *until => Err(error.clone()),
            _ => Ok(()),
        }
    }

    /// Takes note of how dialling went.
    pub(super) fn note<T>(&mut self, result: &Result<T, DirectoryError>) {
        match result {
            Ok(_) => *self = Self::default(),
            Err(error) => {
                let rest = if matches!(error, DirectoryError::Refused { .. }) {
                    Self::REFUSED
                } else {
                    (Self::FIRST * 2_u32.pow(self.failures.min(8))).min(Self::LONGEST)
                };
                self.failures = self.failures.saturating_add(1);
                self.rest = Some((Instant::now() + rest, error.clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Step;

    fn refused() -> DirectoryError {
        let (server, text) = (String::new(), String::new());
        DirectoryError::Refused {
            step: Step::Bind,
            server,
            code: 49,
            text,
        }
    }

    #[test]
    fn rests_longer_with_each_failure_and_not_after_success() {
        let mut back_off = BackOff::default();
        assert_eq!(back_off.check(), Ok(()));
        let mut rests = vec![];
        for _ in 0..40 {
            back_off.note::<()>(&Err(DirectoryError::Busy));
            rests.push(back_off.rest.as_ref().unwrap().0 - Instant::now());
        }
        assert!(rests.is_sorted_by(|a, b| *a <= *b + Duration::from_millis(5)));
        assert!(rests.iter().all(|rest| *rest <= BackOff::LONGEST));
        assert!(rests[39] > BackOff::LONGEST / 2);
        assert_eq!(back_off.check(), Err(DirectoryError::Busy));
        back_off.note(&Ok(()));
        assert_eq!(back_off.check(), Ok(()));
    }

    #[test]
    fn rests_long_after_a_refusal() {
        let mut back_off = BackOff::default();
        back_off.note::<()>(&Err(refused()));
        assert!(back_off.rest.as_ref().unwrap().0 - Instant::now() > BackOff::REFUSED / 2);
        assert_eq!(back_off.check(), Err(refused()));
    }
}
