"""A row by key under row-level security, pipelined and prepared: our Postgres layer beside pgbench."""

import os
import re
import subprocess

import cluster
import processes
from table import median, show

TENANT = "00000000-0000-0000-0000-000000000001"

SETUP = """
create role reader login nosuperuser nobypassrls;
create table item (tenant_id uuid not null, id int not null, name text not null, price bigint not null, primary key (tenant_id, id));
insert into item select ('00000000-0000-0000-0000-' || lpad(t::text, 12, '0'))::uuid, i, 'item ' || i, i * 100
  from generate_series(1, 10) t, generate_series(1, 10000) i;
alter table item enable row level security;
alter table item force row level security;
create policy tenant on item using (tenant_id = (select nullif(current_setting('app.current_tenant_id', true), '')::uuid));
grant select on item to reader;
vacuum analyze item;
"""

SCRIPT = f"""\\set id random(1, 10000)
\\startpipeline
begin;
select set_config('app.current_tenant_id', '{TENANT}', true);
select id, name, price from item where id = :id;
commit;
\\endpipeline
"""


def pgbench(folder, core, connections, seconds):
    script = os.path.join(folder, "read.sql")
    with open(script, "w") as file:
        file.write(SCRIPT)
    output = subprocess.run(["taskset", "-c", str(core), "pgbench", "-h", folder, "-U", "reader", "-n", "-M", "prepared", "-f", script,
                             "-c", str(connections), "-j", "1", "-T", str(seconds), "postgres"],
                            capture_output=True, text=True, check=True).stdout
    return float(re.search(r"tps = ([\d.]+)", output).group(1))


def ours(options, folder, core, connections, seconds):
    output = subprocess.run(["taskset", "-c", str(core), options.binaries + "/benchmark", "postgres",
                             "--database", f"host={folder} user=reader dbname=postgres", "--connections", str(connections),
                             "--seconds", str(seconds), "--tenant", TENANT], capture_output=True, text=True, check=True).stdout
    return float(output.strip().splitlines()[-1])


def measure(options):
    server_core, client_core = processes.cores()
    rows = []
    with cluster.running(server_core) as folder:
        subprocess.run(["psql", "-h", folder, "-U", "postgres", "-q", "-v", "ON_ERROR_STOP=1", "postgres"], input=SETUP, text=True, check=True)
        for connections in (1, 8):
            theirs, mine = [], []
            for _ in range(options.runs):
                theirs.append(pgbench(folder, client_core, connections, options.seconds))
                mine.append(ours(options, folder, client_core, connections, options.seconds))
            ratio = median([m / t for m, t in zip(mine, theirs)])
            rows.append([f"{connections} connection{'s' if connections > 1 else ''}", f"{median(theirs):,.0f}", f"{median(mine):,.0f}",
                         f"{ratio * 100:.0f} %"])
    show("PostgreSQL: transactions/s, row by key, row-level security, pipelined and prepared", ["", "pgbench", "CloudBill", "ratio"], rows)
