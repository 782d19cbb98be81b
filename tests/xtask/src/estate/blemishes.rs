//! What is wrong in the example on purpose, so that views of problems have something true to show.
//!
//! Dangling dependencies, the component without a description and the deprecated one with callers
//! are in the vocabulary; here is what cannot be said in data that is right.

/// A descriptor that the catalog must refuse.
#[derive(Debug)]
pub(crate) struct Invalid {
    pub(crate) folder: &'static str,
    pub(crate) repository: &'static str,
    /// What is wrong with it, for the README.
    pub(crate) fault: &'static str,
    pub(crate) text: &'static str,
}

/// Folder of the Location, target that does not exist.
pub(crate) const MISSING_TARGETS: &[(&str, &str)] =
    &[("lending", "./car-valuation/catalog-info.yaml")];

/// Each in a repository of its own, so that it takes nothing else with it.
pub(crate) const INVALID: &[Invalid] = &[
    Invalid {
        folder: "cards",
        repository: "rewards-partner-feed",
        fault: "`spec.owner` is missing",
        text: "\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: rewards-partner-feed
  description: Sends earned points to the partners each night.
  annotations:
    github.com/project-slug: vinterhavn-bank/rewards-partner-feed
  tags:
    - python
spec:
  type: job
  lifecycle: production
  system: credit-cards
  consumesApis:
    - rewards-ledger-api
",
    },
    Invalid {
        folder: "accounts",
        repository: "tariff-import",
        fault: "the tag `Price_List` has capitals and an underscore",
        text: "\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: tariff-import
  description: Loads next year's price list from the product office's spreadsheet.
  tags:
    - java
    - Price_List
spec:
  type: job
  lifecycle: production
  owner: savings
  system: interest-and-fees
  consumesApis:
    - tariff-book-api
",
    },
    Invalid {
        folder: "payments",
        repository: "payment-volume-forecast",
        fault: "`dependsOn` names `payments-db` without a kind",
        text: "\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: payment-volume-forecast
  description: Forecasts payment volumes, so that there are enough pods on payday.
  tags:
    - python
spec:
  type: job
  lifecycle: experimental
  owner: payment-rails
  system: payment-operations
  dependsOn:
    - payments-db
",
    },
];
