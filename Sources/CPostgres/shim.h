#include <libpq-fe.h>

// Swift does not import character macros of libpq's postgres_ext.h.
enum cloudbill_diagnostic {
  cloudbill_diagnostic_severity = PG_DIAG_SEVERITY_NONLOCALIZED,
  cloudbill_diagnostic_message = PG_DIAG_MESSAGE_PRIMARY,
  cloudbill_diagnostic_sqlstate = PG_DIAG_SQLSTATE,
  cloudbill_diagnostic_column = PG_DIAG_COLUMN_NAME,
  cloudbill_diagnostic_constraint = PG_DIAG_CONSTRAINT_NAME,
};
