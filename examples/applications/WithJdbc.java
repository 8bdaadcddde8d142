// A deal through JDBC: plain SQL, so every column is written only where the program says so.
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

public class WithJdbc {
    private static Connection db;

    public static void main(String[] arguments) throws SQLException {
        db = DriverManager.getConnection(System.getenv("JDBC_URL"));
        run("CREATE TABLE deals (id int PRIMARY KEY, company text NOT NULL, amount numeric, stage text NOT NULL)");
        run("SELECT lifecycle.attach('deals', 'deal')");

        run("INSERT INTO deals VALUES (1, 'Acme', 900, 'lead'), (2, 'Initech', 500, 'lead')");
        String stale = text("SELECT journey FROM deals WHERE id = 1");
        run("UPDATE deals SET stage = 'qualified' WHERE id = 1");
        System.out.println("moved: " + path("Acme"));

        try {
            run("UPDATE deals SET stage = 'won' WHERE id = 2");
        } catch (PSQLException error) {
            ServerErrorMessage server = error.getServerErrorMessage();
            System.out.println("refused: PSQLException " + error.getSQLState() + " " + server.getConstraint());
            System.out.println("because: " + server.getMessage());
        }

        // Every column is written back, with a journey read before the last move. JDBC sends strings as
        // varchar; the cast says what it is (or stringtype=unspecified in the URL, for all of them).
        try (PreparedStatement update = db.prepareStatement(
                "UPDATE deals SET company = ?, amount = ?, stage = ?, journey = ?::lifecycle.journey WHERE id = 1")) {
            update.setString(1, "Acme");
            update.setInt(2, 950);
            update.setString(3, "won");
            update.setString(4, stale);
            update.executeUpdate();
        }
        System.out.println("written back: " + path("Acme"));

        try (PreparedStatement upsert = db.prepareStatement(
                "INSERT INTO deals (id, company, amount, stage) VALUES (?, ?, ?, ?)"
                + " ON CONFLICT (id) DO UPDATE SET amount = EXCLUDED.amount, stage = EXCLUDED.stage")) {
            add(upsert, 2, "Initech", 550, "qualified");
            add(upsert, 3, "Hooli", 700, "lead");
            upsert.executeBatch();
        }
        System.out.println("upserted: " + path("Initech") + " and " + path("Hooli"));

        System.out.println("journey: String " + text("SELECT journey FROM deals WHERE id = 1"));

        // Nobody rewrites history by hand.
        try {
            run("UPDATE deals SET journey = '{won@2020-01-01}' WHERE id = 1");
        } catch (PSQLException error) {
            System.out.println("refused: PSQLException " + error.getSQLState() + " "
                + error.getServerErrorMessage().getConstraint());
        }
        db.close();
    }

    private static void add(PreparedStatement upsert, int id, String company, int amount, String stage)
            throws SQLException {
        upsert.setInt(1, id);
        upsert.setString(2, company);
        upsert.setInt(3, amount);
        upsert.setString(4, stage);
        upsert.addBatch();
    }

    private static String path(String company) throws SQLException {
        return text("SELECT lifecycle.path(journey) FROM deals WHERE company = '" + company + "'");
    }

    private static void run(String sql) throws SQLException {
        try (Statement statement = db.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String text(String sql) throws SQLException {
        try (Statement statement = db.createStatement(); ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }
}
