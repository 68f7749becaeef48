-- The ledger's law inside the database. Each function ends in a line of its own: $$;

CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: no % of %', lower(TG_OP), TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;

-- What was added must be what the head has just moved over: contiguous, to the end. Looks after the whole statement,
-- at head, entries and bodies as they will be committed.
CREATE FUNCTION ledger_check_entries() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM (SELECT shard, min(idx) AS low, max(idx) AS high, count(*) AS n FROM fresh GROUP BY shard) f
        LEFT JOIN ledger_heads h ON h.shard = f.shard
        WHERE (h.size = f.high + 1 AND f.high - f.low + 1 = f.n) IS NOT TRUE
    ) THEN
        RAISE EXCEPTION 'rows added to % are not those the head moved over', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;

-- Every leaf is hashed once more, by the database: a bit that flipped on the way is found before anybody relies on it.
CREATE FUNCTION ledger_check_bodies() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    low bigint; high bigint; n bigint;
BEGIN
    SELECT min(idx), max(idx), count(*) INTO low, high, n FROM fresh;
    IF n <> (
        SELECT count(*) FROM fresh f JOIN ledger_entries e ON e.shard = f.shard AND e.idx = f.idx
        WHERE e.idx BETWEEN low AND high AND e.leaf_hash = sha256('\x00'::bytea || f.body)
    ) THEN
        RAISE EXCEPTION 'a body does not have the leaf hash of its entry'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION ledger_check_head() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.size < OLD.size OR NEW.epoch < OLD.epoch OR NOT EXISTS (
        SELECT FROM ledger_entries WHERE shard = NEW.shard AND idx = NEW.size - 1
    ) THEN
        RAISE EXCEPTION 'the head can only move forward, over entries'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;

-- Whether an entry of the ledger says that the body at this place is redacted.
CREATE FUNCTION ledger_covered(at smallint, place bigint) RETURNS boolean LANGUAGE sql STABLE
SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM ledger_bodies r, json_to_record(encode(r.body, 'escape')::json) AS m (first bigint, count bigint)
        WHERE r.shard = $1 AND r.event = 'ledger.redacted' AND $2 >= m.first AND $2 < m.first + m.count
    )
$$;

CREATE FUNCTION ledger_check_removed() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM gone WHERE event = 'ledger.redacted' OR NOT ledger_covered(shard, idx)) THEN
        RAISE EXCEPTION 'no entry of the ledger says that these bodies are redacted'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;

-- The triggers of one table of the ledger; of a partition too, since a trigger on TRUNCATE is not handed down.
CREATE FUNCTION ledger_guard(guarded text, kind text) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    EXECUTE format(
        'CREATE TRIGGER append_only BEFORE %s ON %I FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()',
        CASE kind WHEN 'bodies' THEN 'UPDATE OR TRUNCATE' WHEN 'heads' THEN 'DELETE OR TRUNCATE'
                  ELSE 'UPDATE OR DELETE OR TRUNCATE' END, guarded);
    IF kind IN ('entries', 'bodies') THEN
        EXECUTE format(
            'CREATE TRIGGER next_ones AFTER INSERT ON %I REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT '
            'EXECUTE FUNCTION ledger_check_entries()', guarded);
    END IF;
    IF kind = 'bodies' THEN
        EXECUTE format(
            'CREATE TRIGGER rehashed AFTER INSERT ON %I REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT '
            'EXECUTE FUNCTION ledger_check_bodies()', guarded);
        EXECUTE format(
            'CREATE TRIGGER redacted AFTER DELETE ON %I REFERENCING OLD TABLE AS gone FOR EACH STATEMENT '
            'EXECUTE FUNCTION ledger_check_removed()', guarded);
    END IF;
    IF kind = 'heads' THEN
        EXECUTE format(
            'CREATE TRIGGER forward AFTER UPDATE ON %I FOR EACH ROW '
            'WHEN (NEW.size <> OLD.size OR NEW.epoch < OLD.epoch) EXECUTE FUNCTION ledger_check_head()', guarded);
    END IF;
END
$$;

-- The next partition of entries and bodies, empty, guarded, without rights of its own. Returns where it ends.
CREATE FUNCTION ledger_add_partition(width bigint) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    start bigint; kind text; part text;
    triggers boolean := EXISTS (
        SELECT FROM pg_trigger WHERE tgrelid = 'ledger_bodies'::regclass AND tgname = 'rehashed');
BEGIN
    IF width IS NULL OR width < 256 OR width % 256 <> 0 THEN
        RAISE EXCEPTION 'a partition holds whole tiles of 256 entries' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    LOCK TABLE ledger_partitions IN SHARE ROW EXCLUSIVE MODE;
    SELECT coalesce(max(until), 0) INTO start FROM ledger_partitions;
    IF start >= greatest(2 * width, 8192) + (SELECT coalesce(max(size), 0) FROM ledger_heads) THEN
        RETURN start;
    END IF;
    FOREACH kind IN ARRAY ARRAY['entries', 'bodies'] LOOP
        part := format('ledger_%s_%s', kind, start);
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', part, 'ledger_' || kind);
        IF triggers THEN
            PERFORM ledger_guard(part, kind);
        END IF;
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
                       'ledger_' || kind, part, start, start + width);
    END LOOP;
    INSERT INTO ledger_partitions (first, until) VALUES (start, start + width);
    RETURN start + width;
END
$$;

-- Tags and sequence numbers outlive the bodies they were in: nobody's count gets a hole.
CREATE FUNCTION ledger_withhold(log smallint, low bigint, high bigint) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO ledger_withheld (shard, idx, tag)
    SELECT shard, idx, tag FROM ledger_bodies WHERE shard = log AND idx >= low AND idx < high AND tag IS NOT NULL
    ON CONFLICT DO NOTHING;
    INSERT INTO ledger_sequences AS s (shard, requester, following)
    SELECT shard, requester, max(seq) + 1 FROM ledger_bodies
    WHERE shard = log AND idx >= low AND idx < high AND requester IS NOT NULL GROUP BY shard, requester
    ON CONFLICT (shard, requester) DO UPDATE SET following = greatest(s.following, excluded.following);
END
$$;

-- Takes bodies away, after the entry that says so. Returns how many.
CREATE FUNCTION ledger_redact(log smallint, low bigint, n bigint) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    removed bigint;
BEGIN
    IF n IS NULL OR n < 1 OR EXISTS (
        SELECT FROM ledger_bodies b WHERE b.shard = log AND b.idx >= low AND b.idx < low + n
            AND b.event <> 'ledger.redacted' AND NOT ledger_covered(b.shard, b.idx)
    ) THEN
        RAISE EXCEPTION 'no entry of the ledger says that these bodies are redacted'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    PERFORM ledger_withhold(log, low, low + n);
    DELETE FROM ledger_bodies
    WHERE shard = log AND idx >= low AND idx < low + n AND event <> 'ledger.redacted';
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END
$$;
