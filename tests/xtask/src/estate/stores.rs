//! Databases, caches and buckets: what an engine is called on each cloud.

/// What kind of thing an engine makes, and the cloud that it ties its owner to, if any.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Engine {
    /// As in `spec.type`.
    pub(crate) kind: &'static str,
    /// The product's own name.
    pub(crate) product: &'static str,
    /// `aws`, `azure` or `gcp`.
    pub(crate) cloud: &'static str,
}

/// What `engine` is on `cloud`; `None` if the vocabulary names an engine that nobody runs.
pub(crate) fn engine(engine: &str, cloud: &str) -> Option<Engine> {
    let on = match cloud {
        "azure" => "azure",
        "gcp" => "gcp",
        _ => "aws",
    };
    let (kind, product, cloud) = match (engine, on) {
        ("postgres", "azure") => ("database", "Azure Database for PostgreSQL", on),
        ("postgres", "gcp") => ("database", "Cloud SQL for PostgreSQL", on),
        ("postgres", _) => ("database", "Aurora PostgreSQL", on),
        ("redis", "azure") => ("cache", "Azure Managed Redis", on),
        ("redis", "gcp") => ("cache", "Memorystore for Redis", on),
        ("redis", _) => ("cache", "ElastiCache for Redis", on),
        ("oracle", _) => ("database", "Oracle Database", on),
        ("neo4j", _) => ("database", "Neo4j", on),
        ("timescale", _) => ("database", "TimescaleDB", on),
        ("opensearch", _) => ("search-index", "OpenSearch", on),
        ("sqlserver", _) => ("database", "Azure SQL Database", "azure"),
        ("cosmos", _) => ("database", "Azure Cosmos DB", "azure"),
        ("dynamodb", _) => ("database", "DynamoDB", "aws"),
        ("s3", _) => ("bucket", "S3", "aws"),
        ("gcs", _) => ("bucket", "Cloud Storage", "gcp"),
        ("bigtable", _) => ("database", "Bigtable", "gcp"),
        ("bigquery", _) => ("data-warehouse", "BigQuery", "gcp"),
        _ => return None,
    };
    Some(Engine { kind, product, cloud })
}
