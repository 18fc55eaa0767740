use std::collections::BTreeMap;

use counterpoise_base::Warning;

/// Warnings of one kind that are shown.
const SHOWN: usize = 5;

/// The first few warnings of each kind, and how many more there are: a thousand classes say the same thing once.
pub fn few_of_each(warnings: &[Warning]) -> Vec<Warning> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut few = Vec::new();
    for warning in warnings {
        let count = seen.entry(warning.code).or_default();
        *count += 1;
        if *count <= SHOWN {
            few.push(warning.clone());
        }
    }
    for (code, count) in seen.into_iter().filter(|&(_, count)| count > SHOWN) {
        let message = format!("{} more like the {SHOWN} of the kind `{code}`", count - SHOWN);
        few.push(Warning::new(code, message).with_hint("`--json` lists all of them"));
    }
    few
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_cut_and_counted() {
        let mut warnings: Vec<Warning> = (0..9)
            .map(|class| Warning::new("a", format!("class {class}")))
            .collect();
        warnings.push(Warning::new("b", "one of another kind".to_owned()));
        let few: Vec<String> = few_of_each(&warnings)
            .into_iter()
            .map(|warning| warning.message)
            .collect();
        assert_eq!(few.len(), 7);
        assert_eq!(
            few[5..],
            ["one of another kind", "4 more like the 5 of the kind `a`"]
        );
    }
}
