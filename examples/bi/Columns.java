// What a tool that speaks JDBC gets to know of the tables and views of a schema, a line for each column:
// VIEW deals_funnel.value BIGINT int8
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.JDBCType;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

public class Columns {
    public static void main(String[] arguments) throws SQLException {
        try (Connection db = DriverManager.getConnection(System.getenv("JDBC_URL"))) {
            DatabaseMetaData about = db.getMetaData();
            ResultSet tables = about.getTables(null, "public", "%", new String[] {"TABLE", "VIEW"});
            while (tables.next()) {
                String table = tables.getString("TABLE_NAME");
                ResultSet columns = about.getColumns(null, "public", table, "%");
                while (columns.next())
                    System.out.println(tables.getString("TABLE_TYPE") + " " + table + "." + columns.getString("COLUMN_NAME") + " "
                        + JDBCType.valueOf(columns.getInt("DATA_TYPE")) + " " + columns.getString("TYPE_NAME"));
            }
            for (String view : arguments)
                read(db, view);
        }
    }

    // What arrives of a view: READ deals_funnel 10 rows: Integer String String Long ...
    private static void read(Connection db, String view) throws SQLException {
        try (Statement statement = db.createStatement(); ResultSet rows = statement.executeQuery("SELECT * FROM " + view)) {
            int count = 0;
            StringBuilder classes = new StringBuilder();
            while (rows.next())
                if (count++ == 0)
                    for (int column = 1; column <= rows.getMetaData().getColumnCount(); column++) {
                        Object value = rows.getObject(column);
                        classes.append(" ").append(value == null ? "null" : value.getClass().getSimpleName());
                    }
            System.out.println("READ " + view + " " + count + " rows:" + classes);
        }
    }
}
