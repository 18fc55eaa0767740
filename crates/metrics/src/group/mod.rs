//! Fairness between groups: rates of groups, how they compare, and how unequal outcomes are.
//!
//! # Names of other packages
//!
//! AIF360 0.6.1, `ClassificationMetric`. A method with `privileged=` is a line of [`per_group_report`],
//! or the measure `NAME:GROUP`.
//!
//! | there | here |
//! |---|---|
//! | `num_instances`, `num_positives`, `num_negatives`, `num_pred_positives`, `num_pred_negatives`, `num_true_positives` (`power`), `num_false_positives`, `num_false_negatives`, `num_true_negatives`, `binary_confusion_matrix`, `num_generalized_…`, `generalized_binary_confusion_matrix` | `weight`, `confusion`, `generalized` of a `GroupReport` |
//! | `performance_measures`, `true_positive_rate` (`recall`, `sensitivity`), `false_positive_rate`, `false_negative_rate`, `true_negative_rate` (`specificity`), `positive_predictive_value` (`precision`), `negative_predictive_value`, `false_discovery_rate`, `false_omission_rate`, `accuracy`, `error_rate`, `selection_rate`, `base_rate`, `generalized_true_positive_rate` and the other three | the rate of that name |
//! | `true_positive_rate_difference` (`equal_opportunity_difference`), `false_…_rate_difference`, `error_rate_difference`, `false_…_rate_ratio`, `error_rate_ratio`, `disparate_impact`, `statistical_parity_difference` (`mean_difference`) | the same, with `-` for `_` |
//! | `average_odds_difference`, `average_predictive_value_difference`, `equalized_odds_difference`, `generalized_equalized_odds_difference` | the same |
//! | `average_abs_odds_difference` | `average-absolute-odds-difference`; their name is read too |
//! | `generalized_entropy_index(alpha)` | `generalized-entropy-index:ALPHA`; alone, 2 as there |
//! | `theil_index`, `coefficient_of_variation`, `between_group_…`, `between_all_groups_…` | the same |
//! | `smoothed_empirical_differential_fairness(c)`, `differential_fairness_bias_amplification(c)` | the same, `:C` behind |
//! | `consistency(n_neighbors)` | `consistency`, with neighbours that the caller finds |
//! | `difference`, `ratio` of any method | `RATE-difference`, `RATE-ratio` |
//!
//! AIF360's `BinaryLabelDatasetMetric`, on true classes alone ([`GroupedRows::of_labels`]):
//! `statistical_parity_difference` and `mean_difference` are `base-rate-difference`, `disparate_impact` is
//! `base-rate-ratio`, the others as above. Left out is `rich_subgroup`, an auditor that learns groups and is no measure.
//!
//! Fairlearn 0.15. Its differences and ratios are between all groups, whether one is privileged or not.
//!
//! | there | here |
//! |---|---|
//! | `true_positive_rate`, `true_negative_rate`, `false_positive_rate`, `false_negative_rate`, `selection_rate`, `count` | the rate of that name |
//! | `mean_prediction` | `selection-rate`; of scores, `mean-score` |
//! | `demographic_parity_difference`, `demographic_parity_ratio` | the same |
//! | `equal_opportunity_difference`, `equal_opportunity_ratio` | `equal-opportunity-max-min`, `true-positive-rate-min-over-max` |
//! | `equalized_odds_difference`, with `agg="mean"` | `equalized-odds-max-min`, `average-absolute-odds-max-min` |
//! | `equalized_odds_ratio`, with `agg="mean"` | `equalized-odds-min-over-max`, `equalized-odds-mean-min-over-max` |
//! | `RATE_difference`, `RATE_ratio` and `MetricFrame.difference`, `.ratio` | `RATE-max-min`, `RATE-min-over-max` |
//! | any of these with `method="to_overall"` | `…-difference-to-overall`, `…-ratio-to-overall` |
//! | `accuracy_score_…`, `zero_one_loss_…`, `balanced_accuracy_score_…`, `precision_score_…`, `recall_score_…`, `f1_score_…`, `roc_auc_score_…`, `mean_absolute_error_…`, `mean_squared_error_…`, `r2_score_…`, `log_loss_…` with `group_min`, `group_max`, `difference`, `ratio` | `accuracy-…`, `error-rate-…`, … with `-group-min` and so on; the last five are of scores |
//! | `MetricFrame.by_group`, `.overall`, `.group_min`, `.group_max` | `RATE:GROUP`, `RATE`, `RATE-group-min`, `RATE-group-max` |
//! | `MetricFrame(n_boot=…)` | [`Bootstrap::group_intervals`](crate::Bootstrap::group_intervals) |
//!
//! Left out: `make_derived_metric` and `MetricFrame` for functions of one's own, control features, and plots.

mod evaluator;
mod measure;
mod names;
mod plan;
mod rate;
mod report;
mod rows;
mod tally;
mod undefined;

pub use evaluator::GroupEvaluator;
pub use measure::{Benefits, Comparison, GroupMeasure, Odds, Outcome, Scope};
pub use rate::{Aim, Rate};
pub use report::{GroupReport, RateReport, fair_utility, per_group_report};
pub use rows::GroupedRows;
pub use undefined::{Subject, Undefined};
