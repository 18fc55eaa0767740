use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much of the top of a list a group of documents has.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GroupShare {
    /// Share of the attention, where the document at rank `r` gets 1 / log₂(r + 1). Absent if of no document it is
    /// known whether it belongs.
    pub exposure: Option<f64>,
    /// Share of the documents, each counting the same. Absent as above.
    pub plain: Option<f64>,
    /// Documents of which it is known.
    pub known: usize,
    /// Documents of which it is not known; they are in neither share, but keep their ranks.
    pub unknown: usize,
}

/// How much of the first `k` of a list belongs to a group, as of all papers from one part of the world; `in_group` says
/// `None` where that is not known.
///
/// A share says nothing by itself: compare it with that of the group among all that could have been shown.
///
/// # Source
///
/// Singh and Joachims, "Fairness of Exposure in Rankings", KDD 2018, with the discount of nDCG.
///
/// ```
/// use std::num::NonZeroUsize;
///
/// use counterpoise_metrics::retrieval::group_share;
///
/// let list = ["law", "biology", "biology"];
/// let share = group_share(&list, NonZeroUsize::new(2), |venue| Some(*venue == "law"));
/// assert_eq!(share.plain, Some(0.5));
/// assert!(share.exposure > Some(0.6));
/// ```
pub fn group_share<D>(
    list: &[D],
    k: Option<NonZeroUsize>,
    in_group: impl Fn(&D) -> Option<bool>,
) -> GroupShare {
    let (mut all, mut own) = (0.0, 0.0);
    let (mut known, mut unknown, mut members) = (0, 0, 0);
    for (place, document) in list
        .iter()
        .take(k.map_or(list.len(), NonZeroUsize::get))
        .enumerate()
    {
        let Some(belongs) = in_group(document) else {
            unknown += 1;
            continue;
        };
        let attention = 1.0 / (place as f64 + 2.0).log2();
        known += 1;
        all += attention;
        if belongs {
            members += 1;
            own += attention;
        }
    }
    GroupShare {
        exposure: (known > 0).then(|| own / all),
        plain: (known > 0).then(|| f64::from(members) / known as f64),
        known,
        unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn higher_ranks_have_more_of_the_attention() {
        let share = |list: &[Option<bool>]| group_share(list, None, |&belongs| belongs);
        let top = share(&[Some(true), Some(false), Some(false)]);
        let bottom = share(&[Some(false), Some(false), Some(true)]);
        assert_eq!(top.plain, bottom.plain);
        let all = 1.0 + 1.0 / 3.0_f64.log2() + 0.5;
        assert!((top.exposure.unwrap() - 1.0 / all).abs() < 1e-12);
        assert!((bottom.exposure.unwrap() - 0.5 / all).abs() < 1e-12);
    }

    #[test]
    fn what_is_not_known_is_in_no_share() {
        let share = group_share(&[None, Some(true), None], None, |&belongs| belongs);
        assert_eq!((share.exposure, share.plain), (Some(1.0), Some(1.0)));
        assert_eq!((share.known, share.unknown), (1, 2));
        let none = group_share(&[None::<bool>], None, |&belongs| belongs);
        assert_eq!((none.exposure, none.plain), (None, None));
    }

    proptest! {
        #[test]
        fn shares_of_a_group_and_of_the_rest_add_up(list in proptest::collection::vec(proptest::option::of(any::<bool>()), 0..20)) {
            let own = group_share(&list, NonZeroUsize::new(10), |&belongs| belongs);
            let rest = group_share(&list, NonZeroUsize::new(10), |&belongs| belongs.map(|belongs| !belongs));
            if let (Some(own), Some(rest)) = (own.exposure, rest.exposure) {
                prop_assert!((own + rest - 1.0).abs() < 1e-12);
            }
            prop_assert_eq!(own.known + own.unknown, list.len().min(10));
        }
    }
}
