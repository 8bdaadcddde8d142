# A deal through Rails' ActiveRecord, which writes the columns that changed.
require "active_record"

ActiveRecord::Base.establish_connection(adapter: "postgresql") # where: PGHOST, PGDATABASE, ...
ActiveRecord::Migration.verbose = false

class CreateDeals < ActiveRecord::Migration[6.1]
  def up
    create_table :deals do |t|
      t.text :company, null: false
      t.decimal :amount
      t.text :stage, null: false
    end
    execute "SELECT lifecycle.attach('deals', 'deal')"
  end

  def down
    drop_table :deals
  end
end
CreateDeals.migrate(:up)


class Deal < ActiveRecord::Base
  attr_readonly :journey # the database writes it

  def self.path(company)
    where(company: company).pick(Arel.sql("lifecycle.path(journey)"))
  end
end

acme = Deal.create!(id: 1, company: "Acme", amount: 900, stage: "lead")
initech = Deal.create!(id: 2, company: "Initech", amount: 500, stage: "lead")
stale = acme.reload.journey
acme.update!(stage: "qualified")
puts "moved: #{Deal.path("Acme")}"

begin
  initech.update!(stage: "won")
rescue ActiveRecord::StatementInvalid => error # its cause is the driver's: PG::CheckViolation
  result = error.cause.result
  puts "refused: #{error.class} #{error.cause.class} #{result.error_field(PG::PG_DIAG_SQLSTATE)} " \
       "#{result.error_field(PG::PG_DIAG_CONSTRAINT_NAME)}"
  puts "because: #{result.error_field(PG::PG_DIAG_MESSAGE_PRIMARY)}"
end

# Every column is written back, with a journey read before the last move: update_all takes what it gets.
Deal.where(id: 1).update_all(company: "Acme", amount: 950, stage: "won", journey: stale)
puts "written back: #{Deal.path("Acme")}"

Deal.upsert_all([
  { id: 2, company: "Initech", amount: 550, stage: "qualified" },
  { id: 3, company: "Hooli", amount: 700, stage: "lead" }
])
puts "upserted: #{Deal.path("Initech")} and #{Deal.path("Hooli")}"

acme.reload
puts "journey: #{acme.journey.class} #{acme.journey}"

# A change without a move writes that column alone.
acme.update!(amount: 1000)
puts "edited: #{Deal.path("Acme")}"
