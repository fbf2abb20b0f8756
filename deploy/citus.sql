-- Distribute a dock's lists over several PostgreSQL servers with Citus, by list.
--
-- UNTESTED: Citus could not be installed where this was written. What is tested is
-- what it rests on: every table that holds a list's entries or their history begins
-- each of its keys with list_id, and no foreign key points at one of them
-- (tests/dock/test_keys_begin_with_the_list.py, docs/adr/0028).
--
-- Run it once, as the owner of the dock's database, on the coordinator, after
-- `listkeep migrate` and with the dock stopped:
--
--     psql --set ON_ERROR_STOP=1 --file deploy/citus.sql DATABASE
--
-- All rows of one list lie on one worker, beside each other, so that a merge, a
-- restore and a count of one list stay on one server and in one transaction. The
-- dock's other tables are small; they stay on the coordinator.

BEGIN;

CREATE EXTENSION IF NOT EXISTS citus;

SELECT create_distributed_table('entry', 'list_id', colocate_with => 'none');
SELECT create_distributed_table('past_entry', 'list_id', colocate_with => 'entry');
SELECT create_distributed_table('change', 'list_id', colocate_with => 'entry');
SELECT create_distributed_table('renewal', 'list_id', colocate_with => 'entry');
SELECT create_distributed_table('returned', 'list_id', colocate_with => 'entry');
SELECT create_distributed_table('returned_count', 'list_id', colocate_with => 'entry');
SELECT create_distributed_table('returned_feed', 'list_id', colocate_with => 'entry');
SELECT create_distributed_table('soft_bounces', 'list_id', colocate_with => 'entry');
SELECT create_distributed_table('sign_up', 'list_id', colocate_with => 'entry');
SELECT create_distributed_table('sign_up_knocks', 'list_id', colocate_with => 'entry');
SELECT create_distributed_table('pace', 'list_id', colocate_with => 'entry');

COMMIT;

-- To look at where lists are:
--     SELECT * FROM citus_shards WHERE table_name = 'entry'::regclass;
-- A list larger than all others can have a shard of its own:
--     SELECT isolate_tenant_to_new_shard('entry', 'LIST', 'CASCADE');
