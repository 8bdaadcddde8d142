"""A deal through SQLAlchemy's ORM, which writes the columns that changed."""
from sqlalchemy import Column, Integer, Numeric, Text, create_engine, func, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, declarative_base
from sqlalchemy.schema import FetchedValue
from sqlalchemy.types import UserDefinedType


class Journey(UserDefinedType):
    """Text in Python, lifecycle.journey in the database."""
    cache_ok = True

    def get_col_spec(self, **kw):
        return "lifecycle.journey"


Base = declarative_base()


class Deal(Base):
    __tablename__ = "deals"
    id = Column(Integer, primary_key=True)
    company = Column(Text, nullable=False)
    amount = Column(Numeric)
    stage = Column(Text, nullable=False)
    # The database writes it, also when rows are updated: read it again then.
    journey = Column(Journey, server_default=FetchedValue(), server_onupdate=FetchedValue())


engine = create_engine("postgresql+psycopg2://")  # where: PGHOST, PGDATABASE, ...
Base.metadata.create_all(engine)
with engine.begin() as connection:
    connection.execute(text("SELECT lifecycle.attach('deals', 'deal')"))

session = Session(engine)


def path(company):
    return session.query(func.lifecycle.path(Deal.journey)).filter_by(company=company).scalar()


acme = Deal(id=1, company="Acme", amount=900, stage="lead")
session.add_all([acme, Deal(id=2, company="Initech", amount=500, stage="lead")])
session.commit()
stale = acme.journey
acme.stage = "qualified"
session.commit()
print("moved:", path("Acme"))

session.get(Deal, 2).stage = "won"
try:
    session.commit()
except IntegrityError as error:  # error.orig is the driver's: psycopg2.errors.CheckViolation
    session.rollback()
    print("refused:", type(error).__name__, error.orig.pgcode, error.orig.diag.constraint_name)
    print("because:", error.orig.diag.message_primary)

# Every column is written back, with a journey read before the last move.
session.query(Deal).filter_by(id=1).update(dict(company="Acme", amount=950, stage="won", journey=stale))
session.commit()
print("written back:", path("Acme"))

upsert = insert(Deal).values([
    dict(id=2, company="Initech", amount=550, stage="qualified"),
    dict(id=3, company="Hooli", amount=700, stage="lead")])
session.execute(upsert.on_conflict_do_update(
    index_elements=["id"], set_=dict(amount=upsert.excluded.amount, stage=upsert.excluded.stage)))
session.commit()
print("upserted:", path("Initech"), "and", path("Hooli"))

print("journey:", type(acme.journey).__name__, acme.journey)

# A change without a move writes that column alone.
acme.amount = 1000
session.commit()
print("edited:", path("Acme"))
