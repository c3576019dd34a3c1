-- Every schema of ours has an owner; nobody makes objects beside them.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
