"""Statements about many rows that read the same however many those are.

A list of placeholders is another statement for every length, to be built, parsed and planned
anew. Here each column's values travel in one parameter, and a statement is prepared once.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    FromClause,
    Insert,
    Select,
    Table,
    Text,
    Update,
    and_,
    bindparam,
    cast,
    column,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from core.store.as_json import as_json

Values = Mapping[str, Any]
Rows = Sequence[Values]
NOTHING: Values = MappingProxyType({})
Statement = Insert | Update

# --- Looking for many ------------------------------------------------------------------------


def among(wanted: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Whether a column is one of the values in the parameter of this name."""
    return _Among(wanted, bindparam(name, type_=_Values(wanted.type)))


def among_people(table: Table) -> ColumnElement[bool]:
    """Whether a row may be about one of the people in `by_people`'s parameters.

    Two lists, not a list of pairs: for pairs SQLite would read the whole table. So there may be
    rows about others, with the address of one and the account of another.
    """
    accounts = among(table.c.account_id, "accounts")
    return and_(accounts, among(table.c.address, "addresses"))


def by_people(people: Collection[tuple[int, str]]) -> dict[str, set[Any]]:
    """The parameters of `among_people` for these accounts' ids and addresses."""
    accounts, addresses = zip(*people, strict=True) if people else ((), ())
    return {"accounts": set(accounts), "addresses": set(addresses)}


class _Values(TypeDecorator[Iterable[Any]]):
    """Plain values of one type: an array, on SQLite its JSON."""

    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Text())
        return dialect.type_descriptor(ARRAY(self.item, dimensions=1))

    def process_bind_param(self, value: Iterable[Any] | None, dialect: Dialect) -> Any:
        values = list(value or ())
        return as_json(values) if dialect.name == "sqlite" else values


class _Among(FunctionElement[bool]):
    # Not said to be a Boolean: SQLite would get `= 1` behind it, and not use the index.
    inherit_cache = True


@compiles(_Among, "sqlite")
def _among_on_sqlite(element: _Among, compiler: SQLCompiler, **kw: Any) -> str:
    wanted, values = (compiler.process(one, **kw) for one in element.clauses)
    return f"{wanted} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - both are compiled


@compiles(_Among, "postgresql")
def _among_on_postgresql(element: _Among, compiler: SQLCompiler, **kw: Any) -> str:
    wanted, values = (compiler.process(one, **kw) for one in element.clauses)
    return f"{wanted} = ANY ({values})"


# --- Changing many ---------------------------------------------------------------------------

# PostgreSQL is quickest with one statement for all rows, and the rows as one JSON: to make
# arrays of them takes longer than to write them. SQLite is, with one row after the other.


def update_each(
    tx: Connection, key: Column[str], rows: Rows, alike: Values = NOTHING
) -> None:
    """Change rows: each one's `key` says which, its other values and `alike` what to.

    Those that say the same columns are changed together.
    """
    groups: dict[tuple[str, ...], list[Values]] = {}
    for row in rows:
        groups.setdefault(tuple(row), []).append(row)
    for names, group in groups.items():
        changed = tuple(name for name in names if name != "key")
        updating = _updating(tx.dialect.name, key, changed, tuple(alike))
        _do(tx, updating, group, alike, keys=[row["key"] for row in group])


def update_where(
    tx: Connection,
    key: Column[str],
    rows: Rows,
    alike: Values,
    *,
    so: ColumnElement[bool],
    tell: ColumnElement[Any],
) -> dict[str, Any]:
    """As `update_each`, but only where something is so; all rows say the same columns.

    What `tell` is of each that is changed, by its key. They are locked in the order of those.
    """
    if not rows:
        return {}
    keys = [row["key"] for row in rows]
    if tx.dialect.name == "sqlite":  # one row after the other returns nothing
        found = tx.execute(_finding(key, so, tell), {"keys": keys}).all()
        told = {row[0]: row[1] for row in found}
        update_each(tx, key, [row for row in rows if row["key"] in told], alike)
        return told
    changed = tuple(name for name in rows[0] if name != "key")
    updating = _updating_where(key, changed, tuple(alike), so, tell)
    found = tx.execute(updating, {"rows": rows, "keys": keys, **alike}).all()
    return {row[0]: row[1] for row in found}


def insert_each(
    tx: Connection,
    table: Table,
    rows: Rows,
    *,
    same: Sequence[str] = (),
    stays: bool = False,
) -> None:
    """Insert rows. Where there is one whose `same` columns are the same, change that.

    Unless it `stays` as it is. All have the same columns.
    """
    if rows:
        names = tuple(rows[0])
        inserting = _inserting(tx.dialect.name, table, names, tuple(same), stays)
        _do(tx, inserting, rows, NOTHING)


def _do(
    tx: Connection, statement: Statement, rows: Rows, alike: Values, **more: Any
) -> None:
    if tx.dialect.name == "sqlite":
        sql, places = _compiled(statement, tx.dialect, (*rows[0], *alike))
        tx.exec_driver_sql(sql, list(_bound(rows, alike, places)))
    else:
        tx.execute(statement, {"rows": rows, **alike, **more})


Bind = Callable[[Any], Any]  # makes of a value what the database takes
Places = Sequence[tuple[str, Bind | None]]  # what of a row stands in which place


def _bound(rows: Rows, alike: Values, places: Places) -> Iterator[tuple[Any, ...]]:
    same = {
        name: bind(alike[name]) if bind else alike[name]
        for name, bind in places
        if name in alike
    }
    for row in rows:
        yield tuple(
            [
                same[name] if name in same else bind(row[name]) if bind else row[name]
                for name, bind in places
            ]
        )


@lru_cache(maxsize=64)
def _compiled(
    statement: Statement, dialect: Dialect, names: tuple[str, ...]
) -> tuple[str, Places]:
    """The SQL and its places: quicker than to ask for every row anew."""
    compiled = statement.compile(dialect=dialect, column_keys=names)
    assert isinstance(compiled, SQLCompiler)
    places = [
        (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
        for name in compiled.positiontup or ()
    ]
    return str(compiled), places


Names = tuple[str, ...]


@lru_cache(maxsize=64)
def _updating(dialect: str, key: Column[str], own: Names, alike: Names) -> Update:
    if dialect == "sqlite":
        changes: Values = {name: bindparam(name) for name in (*own, *alike)}
        return update(key.table).where(key == bindparam("key")).values(changes)
    # Named twice: for a join alone, PostgreSQL reads the whole of a table that is not large.
    return _updating_all(key, own, alike).where(among(key, "keys"))


@lru_cache(maxsize=64)
def _updating_where(
    key: Column[str],
    own: Names,
    alike: Names,
    so: ColumnElement[bool],
    tell: ColumnElement[Any],
) -> ReturningUpdate[Any]:
    found = _finding(key, so, tell).order_by(key)
    ours = found.with_for_update(of=key.table, key_share=True).cte("ours")
    updating = _updating_all(key, own, alike).where(key == ours.c[key.name])
    return updating.returning(key, ours.c.told)


@lru_cache(maxsize=64)
def _finding(
    key: Column[str], so: ColumnElement[bool], tell: ColumnElement[Any]
) -> Select[Any]:
    return select(key, tell.label("told")).where(among(key, "keys"), so)


def _updating_all(key: Column[str], own: Names, alike: Names) -> Update:
    table = key.table
    rows = _rows({"key": key.type, **{name: table.c[name].type for name in own}})
    changes = {name: rows.c[name] for name in own}
    same = {name: bindparam(name, type_=table.c[name].type) for name in alike}
    return update(table).where(key == rows.c["key"]).values({**changes, **same})


@lru_cache(maxsize=64)
def _inserting(
    dialect: str, table: Table, names: Names, same: Names, stays: bool
) -> Statement:
    if dialect == "sqlite":
        onto = sqlite.insert(table)
        statement: sqlite.Insert | postgresql.Insert = onto
    else:
        rows = _rows({name: table.c[name].type for name in names})
        statement = postgresql.insert(table).from_select(names, select(rows))
    if not same:
        return statement
    if stays:
        return statement.on_conflict_do_nothing(index_elements=same)
    changes = {name: statement.excluded[name] for name in names if name not in same}
    return statement.on_conflict_do_update(index_elements=same, set_=changes)


def _rows(types: Mapping[str, TypeEngine[Any]]) -> FromClause:
    """Rows from their JSON."""
    columns = (column(name, kind) for name, kind in types.items())
    rows = cast(bindparam("rows", type_=_Rows), postgresql.JSON)
    given = func.json_to_recordset(rows)
    return given.table_valued(*columns, name="given").render_derived(with_types=True)


class _Rows(TypeDecorator[Rows]):
    """Many rows in one JSON, in which PostgreSQL finds the values of each column's type."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        return as_json(value)
