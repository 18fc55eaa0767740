//! Numbers of a method that are chosen on validation rows.

use counterpoise_sampling::Method;

use super::Grid;
use super::frozen::with_option;
use crate::Error;

impl Grid {
    /// The method with every combination of values, `r_max` fastest.
    pub(super) fn methods(&self, method: &Method) -> Result<Vec<Method>, Error> {
        let each = |methods: Vec<Method>, option: &str, values: Vec<serde_json::Value>| {
            if values.is_empty() {
                return Ok(methods);
            }
            let with = |method: &Method| -> Result<Vec<Method>, Error> {
                let one = |value: &serde_json::Value| with_option(method, option, value);
                values.iter().map(one).collect()
            };
            let all: Result<Vec<Vec<Method>>, Error> = methods.iter().map(with).collect();
            all.map(|all| all.into_iter().flatten().collect())
        };
        let k = self.k_neighbors.iter().map(|k| k.get().into()).collect();
        let r = self.r_max.iter().map(|&r| r.into()).collect();
        each(each(vec![method.clone()], "k_neighbors", k)?, "r_max", r)
    }
}
