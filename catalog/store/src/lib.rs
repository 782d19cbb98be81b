//! Every line of SQL of Callboard, on SQLite and PostgreSQL.
