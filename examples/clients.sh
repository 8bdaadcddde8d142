# shellcheck shell=bash
# For the tests of examples that go through client libraries, which source it: TAP, and where the libraries are.
count=0

result() {
	count=$((count + 1))
	echo "$1 $count - $2"
}

# In CI a missing library is a failure; on a developer's machine it is a reason to skip.
skip() {
	if [ "${CI:-}" = true ]; then result "not ok" "$1: $2"; else result ok "$1 # SKIP $2"; fi
}

# first_that FLAG CODE PROGRAM...: the first of the programs that can run the code. Debian's packages
# belong to Debian's programs, which need not be the first on the PATH.
first_that() {
	local flag=$1 code=$2 program
	shift 2
	for program in "$@"; do
		if "$program" "$flag" "$code" > /dev/null 2>&1; then echo "$program"; return; fi
	done
	return 1
}

python_with() { first_that -c "import $1" python3 /usr/bin/python3; }

# jdbc_url DATABASE. JDBC knows no Unix sockets; junixsocket does.
jdbc_url() {
	local url="jdbc:postgresql://localhost:${PGPORT:-5432}/$1?user=$PGUSER"
	case $PGHOST in
		/*) echo "$url&socketFactory=org.newsclub.net.unix.AFUNIXSocketFactory\$FactoryArg&socketFactoryArg=$PGHOST/.s.PGSQL.${PGPORT:-5432}" ;;
		*) echo "${url/localhost/$PGHOST}" ;;
	esac
}

jars=${JDBC_JARS:-/usr/share/java/postgresql.jar:/usr/share/java/junixsocket-common.jar}

# What is missing for JDBC, or nothing.
missing_for_jdbc() {
	local jar
	if ! javac -version > /dev/null 2>&1; then
		echo "a Java development kit is missing"
		return
	fi
	for jar in ${jars//:/ }; do
		if [ ! -e "$jar" ]; then
			echo "PostgreSQL's JDBC driver or junixsocket is missing"
			return
		fi
	done
}

run_java() { java -Djava.library.path="$(printf '%s:' /usr/lib/*/jni)/usr/lib/jni" -cp "$jars" "$@"; }
