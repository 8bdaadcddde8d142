"""A deal through Django's ORM, whose save() writes every column back."""
import os

import django
from django.conf import settings
from django.db import IntegrityError, connection, migrations, models, transaction
from django.db.models import F, Func

settings.configure(DATABASES={"default": {
    "ENGINE": "django.db.backends.postgresql", "NAME": os.environ["PGDATABASE"]}})  # the rest: PGHOST, ...
django.setup()


class JourneyField(models.Field):
    """Text in Python, lifecycle.journey in the database, which alone writes it."""

    def __init__(self, **options):
        super().__init__(**{"null": True, "editable": False, **options})

    def db_type(self, connection):
        return "lifecycle.journey"

    def pre_save(self, instance, add):
        # save() writes every column: this one gets what it has, not what was read some time ago.
        return None if add else F(self.attname)


class Deal(models.Model):
    id = models.IntegerField(primary_key=True)
    company = models.TextField()
    amount = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    stage = models.TextField()
    journey = JourneyField()

    class Meta:
        app_label = "crm"
        db_table = "deals"


class Migration(migrations.Migration):
    # What makemigrations writes, and the line that it does not.
    operations = [
        migrations.CreateModel("Deal", [(field.name, field.clone()) for field in Deal._meta.fields],
                               {"db_table": "deals"}),
        migrations.RunSQL("SELECT lifecycle.attach('deals', 'deal')", "SELECT lifecycle.detach('deals')"),
    ]


with connection.schema_editor() as editor:
    Migration("0001_initial", "crm").apply(migrations.state.ProjectState(), editor)


def path(company):
    return Deal.objects.values_list(Func("journey", function="lifecycle.path",
                                         output_field=models.TextField()), flat=True).get(company=company)


acme = Deal.objects.create(id=1, company="Acme", amount=900, stage="lead")
initech = Deal.objects.create(id=2, company="Initech", amount=500, stage="lead")
acme.stage = "qualified"
acme.save()
print("moved:", path("Acme"))

initech.stage = "won"
try:
    with transaction.atomic():
        initech.save()
except IntegrityError as error:  # its cause is the driver's: psycopg2.errors.CheckViolation
    diag = error.__cause__.diag
    print("refused:", type(error).__name__, diag.sqlstate, diag.constraint_name)
    print("because:", diag.message_primary)

# Every column is written back, with the journey that a new object has: update() takes what it gets.
Deal.objects.filter(id=1).update(company="Acme", amount=950, stage="won", journey=None)
print("written back:", path("Acme"))

deals = [Deal(id=2, company="Initech", amount=550, stage="qualified"),
         Deal(id=3, company="Hooli", amount=700, stage="lead")]
if django.VERSION >= (4, 1):
    Deal.objects.bulk_create(deals, update_conflicts=True, unique_fields=["id"],
                             update_fields=["amount", "stage"])
else:
    Deal.objects.bulk_create(deals[1:])
    Deal.objects.bulk_update(deals[:1], ["amount", "stage"])
print("upserted:", path("Initech"), "and", path("Hooli"))

acme = Deal.objects.get(id=1)
print("journey:", type(acme.journey).__name__, acme.journey)

# A change without a move, saved whole from an object that is older than the last move.
acme.amount, acme.journey = 1000, "{lead@2026-01-01}"
acme.save()
print("edited:", path("Acme"))
