// SPDX-License-Identifier: Apache-2.0
// The PostgreSQL engine, over libpq. Some connections write and some read, each lent to one thread at a time.
//
// Statements are prepared once on each connection, with :name made $n, and values travel in text or binary as suits them.
// A connection that has died is opened anew before the next transaction on it begins, never inside one: what a body has
// done on the old one is gone, and only whoever called write() may decide to run it again.
//
// COMMIT is the one statement whose answer may be lost while its effect is not. Then the outcome is open, the error says
// so, and nothing is run again here.
#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <list>
#include <random>
#include <thread>
#include <unordered_map>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include "base/check.h"
#include "base/problems.h"
#include "db/db.h"
#include "db/engine.h"

namespace lapel::db {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kServerVersionMin = 150'000;          // in PQserverVersion's form
constexpr int kWriteAttemptsMax = 200;              // runs of one write()'s body, within busy_timeout_ms
constexpr int kBackoffMsMax = 64;                   // longest wait between two runs
constexpr const char* kSilenceMs = "10000";         // bytes without acknowledgement after which the server is gone
constexpr int kAnswerGraceMs = 1'000;               // beyond a statement's time, which the server keeps itself
constexpr std::int64_t kRetryAfterS = 2;            // told when the server does not answer
constexpr std::int64_t kSchemaLock = 0x6c6170656c;  // "lapel": the advisory lock of change_schema()

// Types of values, by their object ids in every PostgreSQL (catalog/pg_type.dat).
constexpr Oid kBytea = 17, kName = 19, kInt8 = 20, kInt2 = 21, kInt4 = 23, kTextType = 25, kFloat4 = 700, kFloat8 = 701,
              kUnknown = 705, kBpchar = 1042, kVarchar = 1043, kNumeric = 1700;

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, ClearResult>;

std::string_view sqlstate(const PGresult* result) {
  const char* state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
  return state ? state : "";
}
std::string_view field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text ? text : "";
}

// 25006: a server that was set to read-only. 0A000: a standby, of the isolation that writes want.
bool takes_no_writes(std::string_view state) {
  return state == "25006" || state == "0A000";
}

const Problem& problem_of(std::string_view state) {
  const std::string_view cls = state.substr(0, 2);
  if (state.empty() || cls == "08" || cls == "57" || takes_no_writes(state) || state == "53200" || state == "53300")
    return problems::kUnavailable;
  if (cls == "40" || state == "55P03") return problems::kBusy;
  if (cls == "23") return problems::kConflict;
  if (cls == "54") return problems::kTooLarge;
  if (state == "53100") return problems::kFull;
  if (state == "XX001" || state == "XX002") return problems::kCorrupt;
  return problems::kInternal;
}

std::string message_of(const Problem& problem) {
  switch (problem.code) {
    case Code::kBusy:
      return "The database is in use by another transaction.";
    case Code::kConflict:
      return "The change breaks a rule of the database.";
    case Code::kCorrupt:
      return "The database server found damaged data.";
    case Code::kFull:
      return "The database server has no room to grow.";
    case Code::kTooLarge:
      return "A value is too large for the database.";
    case Code::kUnavailable:
      return "The database server does not answer.";
    default:
      return "The database failed.";
  }
}

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_name_part(char c) {
  return is_name_start(c) || (c >= '0' && c <= '9');
}

// A statement as PostgreSQL wants it: $1, $2 … in the order in which the names first occur.
struct Numbered {
  std::string sql;
  std::vector<std::string> names;
};
Numbered number_parameters(std::string_view sql) {
  Numbered out;
  bool is_over = false;
  for (std::size_t at = 0; at < sql.size();) {
    const char c = sql[at];
    const bool is_space = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (is_over && !is_space && c != ';') bug("one statement at a time", sql);
    if (c == '\'' || c == '"') {
      const std::size_t close = sql.find(c, at + 1);
      if (close == std::string_view::npos) bug("a quote is closed", sql);
      out.sql += sql.substr(at, close + 1 - at);
      at = close + 1;
    } else if (c == ':' && at + 1 < sql.size() && is_name_start(sql[at + 1])) {
      std::size_t end = at + 1;
      while (end < sql.size() && is_name_part(sql[end])) ++end;
      const std::string_view name = sql.substr(at + 1, end - at - 1);
      const auto found = std::find(out.names.begin(), out.names.end(), name);
      out.sql += fmt::format("${}", found - out.names.begin() + 1);
      if (found == out.names.end()) out.names.emplace_back(name);
      at = end;
    } else {
      if (c == '?' || c == '$') bug("a parameter is written :name", sql);
      if (c == ';')
        is_over = true;
      else
        out.sql += c;
      ++at;
    }
  }
  if (out.sql.find_first_not_of(" \t\r\n") == std::string::npos) bug("a statement is not empty", sql);
  return out;
}

// Only these are kept prepared: what defines or controls runs once or costs nothing to parse.
bool is_kept(std::string_view sql) {
  sql.remove_prefix(std::min(sql.find_first_not_of(" \t\r\n"), sql.size()));
  constexpr std::array kVerbs = {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"};
  return std::any_of(kVerbs.begin(), kVerbs.end(), [&](std::string_view verb) { return sql.starts_with(verb); });
}

std::int64_t big_endian(const char* bytes, int length) {
  std::uint64_t value = 0;
  for (int i = 0; i < length; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  // Widened by sign from the length it has.
  const int unused = 64 - 8 * length;
  return static_cast<std::int64_t>(value << unused) >> unused;
}

struct Settings {
  std::string url;
  std::string place;  // host, port and database, for messages
  int busy_timeout_ms = 0;
  int connect_timeout_s = 0;
  int answer_timeout_ms = 0;
};

class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const Settings& settings) {
    std::unique_ptr<Connection> connection(new Connection(settings));
    TRY(connection->connect());
    return connection;
  }

  Result<void> begin_read() {
    may_write_ = false;
    return begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  }
  Result<void> begin_write() {
    may_write_ = true;
    return begin("BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE");
  }
  Result<void> commit();
  void roll_back();
  Result<Rows> execute(std::string_view sql, const Params& params, Expect expect);
  std::int64_t changed() const { return changed_; }
  bool in_transaction() const {
    if (!is_alive()) return false;
    const PGTransactionStatusType status = PQtransactionStatus(pg_.get());
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
  }

  // Outside a transaction.
  Result<void> lock_schema() {
    TRY(come_back());
    return control(fmt::format("SELECT pg_advisory_lock({})", kSchemaLock));
  }
  void unlock_schema() { (void)control(fmt::format("SELECT pg_advisory_unlock({})", kSchemaLock)); }

 private:
  struct Finish {
    void operator()(PGconn* pg) const { PQfinish(pg); }
  };
  struct Prepared {
    std::string text;  // as the caller wrote it
    std::string name;  // at the server; empty: of this once
    std::vector<std::string> parameters;
    std::vector<Oid> parameter_types;
    std::shared_ptr<const std::vector<std::string>> columns;
    std::vector<Oid> column_types;
  };

  explicit Connection(const Settings& settings) : settings_(settings) {}

  Result<void> connect();
  Result<void> check_server();
  Result<void> come_back();
  Result<void> begin(const char* sql);
  Result<void> control(const std::string& sql);
  Result<std::string> ask(const char* sql);
  Result<const Prepared*> prepare(std::string_view sql);
  Result<Value> value(const PGresult* answer, int row, int column, const Prepared& statement) const;
  Error error(const PGresult* result, std::string_view doing) const;
  bool is_alive() const { return !is_spoiled_ && PQstatus(pg_.get()) == CONNECTION_OK; }
  Answer next();
  Answer last(int was_sent);

  const Settings& settings_;
  std::unique_ptr<PGconn, Finish> pg_;
  bool is_spoiled_ = false;  // to be made anew before it is used again
  bool may_write_ = false;   // in the transaction that was last begun
  std::int64_t changed_ = 0;
  std::uint64_t statements_made_ = 0;
  Prepared once_;  // what is not kept
  // Most recently used first.
  std::list<Prepared> prepared_;
  std::unordered_map<std::string_view, std::list<Prepared>::iterator> prepared_by_sql_;
};

Error Connection::error(const PGresult* result, std::string_view doing) const {
  const std::string_view state = sqlstate(result);
  if (state == "25006" && !may_write_) bug("read() does not write", doing);
  const bool is_lost = !is_alive();
  const Problem& problem = is_lost ? problems::kUnavailable : problem_of(state);
  std::string context;
  if (problem.code == Code::kConflict) {
    // A constraint is told alone: never the detail, which has the values.
    context = field(result, PG_DIAG_CONSTRAINT_NAME);
    if (context.empty()) {
      context = fmt::format("{}.{}", field(result, PG_DIAG_TABLE_NAME), field(result, PG_DIAG_COLUMN_NAME));
    }
  } else {
    // What is said of data (class 22) quotes it.
    const std::string_view said =
        result && !state.starts_with("22") ? field(result, PG_DIAG_MESSAGE_PRIMARY) : std::string_view();
    context = fmt::format("{}: {}: {} ({})", settings_.place, doing.substr(0, kContextSqlMax), said,
                          state.empty() ? "connection lost" : state);
  }
  std::string message = message_of(problem);
  if (!is_lost && takes_no_writes(state)) message = "The database server takes no writes now.";
  Error out{&problem, std::move(message), std::move(context)};
  if (problem.code == Code::kUnavailable) out.retry_after_s = kRetryAfterS;
  return out;
}

// ---- coming and going ----

Result<void> Connection::connect() {
  prepared_by_sql_.clear();
  prepared_.clear();
  is_spoiled_ = true;  // until the server is known to be one that may be used
  const std::string connect_timeout = std::to_string(settings_.connect_timeout_s);
  // A server that is gone without a word is noticed by keepalives while it is silent, and by unacknowledged bytes while
  // something is being sent. The URL, expanded last, may say otherwise, but for the encoding.
  const std::array<std::pair<const char*, const char*>, 8> fields = {{
      {"connect_timeout", connect_timeout.c_str()},
      {"keepalives_idle", "5"},
      {"keepalives_interval", "5"},
      {"keepalives_count", "3"},
      {"tcp_user_timeout", kSilenceMs},
      {"fallback_application_name", "lapel"},
      {"dbname", settings_.url.c_str()},
      {"client_encoding", "UTF8"},
  }};
  std::vector<const char*> keywords, values;
  for (const auto& [keyword, text] : fields) {
    keywords.push_back(keyword);
    values.push_back(text);
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  pg_.reset(PQconnectdbParams(keywords.data(), values.data(), 1));
  if (pg_ == nullptr) return fail(Code::kInternal, "No memory for a database connection.");
  PQsetNoticeReceiver(
      pg_.get(), [](void*, const PGresult*) {}, nullptr);
  if (PQstatus(pg_.get()) != CONNECTION_OK) {
    std::string said = PQerrorMessage(pg_.get());
    std::replace(said.begin(), said.end(), '\n', ' ');
    Error out{&problems::kUnavailable, "The database server cannot be reached.",
              fmt::format("{}: {}", settings_.place, said)};
    out.retry_after_s = kRetryAfterS;
    return fail(std::move(out));
  }
  is_spoiled_ = false;
  auto checked = check_server();
  is_spoiled_ = !checked;
  return checked;
}

// The next result of what was sent; nothing when there is none left. libpq would wait for ever for a server that is frozen and
// whose kernel still answers: one that is silent beyond its own timeout is given up.
Answer Connection::next() {
  const SteadyClock::time_point deadline =
      SteadyClock::now() + std::chrono::milliseconds(settings_.answer_timeout_ms + kAnswerGraceMs);
  while (!is_spoiled_ && PQisBusy(pg_.get()) == 1) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
    pollfd socket{PQsocket(pg_.get()), POLLIN, 0};
    const int ready = left <= 0 ? 0 : ::poll(&socket, 1, static_cast<int>(left));
    if (ready == 0) is_spoiled_ = true;
    if (ready > 0 && PQconsumeInput(pg_.get()) == 0) break;  // the connection is lost, which the result then says
  }
  return Answer(is_spoiled_ ? nullptr : PQgetResult(pg_.get()));
}

// The last result of something that has no rows to be taken one by one; nothing when the connection was given up, as is one that has no
// answer.
Answer Connection::last(int was_sent) {
  Answer out;
  while (was_sent == 1) {
    Answer answer = next();
    if (answer == nullptr) break;
    out = std::move(answer);
  }
  if (out == nullptr) is_spoiled_ = true;
  return is_spoiled_ ? nullptr : std::move(out);
}

// One text from the server, outside a transaction.
Result<std::string> Connection::ask(const char* sql) {
  const Answer answer = last(PQsendQuery(pg_.get(), sql));
  if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK || PQntuples(answer.get()) != 1)
    return fail(error(answer.get(), sql));
  return std::string(PQgetvalue(answer.get(), 0, 0));
}

// Asked at each connection and not once: the server may have been started anew with other settings.
Result<void> Connection::check_server() {
  const auto refuse = [&](std::string why) { return fail(problems::kDatabaseServer, std::move(why), settings_.place); };
  const int version = PQserverVersion(pg_.get());
  if (version < kServerVersionMin)
    return refuse(fmt::format("PostgreSQL 15 or newer is needed; this server is {}.", version / 10'000));
  if (TRY(ask("SHOW server_encoding")) != "UTF8") return refuse("The database is not encoded in UTF8.");
  const std::string collation = TRY(ask(
      "SELECT datcollate || ' ' || CAST(datlocprovider AS TEXT) FROM pg_database WHERE datname = current_database()"));
  if (collation != "C c" && collation != "POSIX c") {
    return refuse(
        "The database does not sort text by its bytes; create it with LOCALE 'C' ENCODING 'UTF8' TEMPLATE template0.");
  }
  for (const char* setting : {"fsync", "full_page_writes"}) {
    if (TRY(ask(fmt::format("SHOW {}", setting).c_str())) != "on") {
      return refuse(fmt::format("The server runs with {} = off: it may lose what it has committed.", setting));
    }
  }
  // Stronger settings than `on` are the operator's to choose.
  if (TRY(ask("SHOW synchronous_commit")) == "off") TRY(control("SET synchronous_commit = on"));
  TRY(control(fmt::format("SET lock_timeout = {}", std::max(settings_.busy_timeout_ms, 1))));
  TRY(control(fmt::format("SET statement_timeout = {}", settings_.answer_timeout_ms)));
  // A server program that has lost its host must not keep rows locked for long.
  TRY(control(fmt::format("SET idle_in_transaction_session_timeout = {}", 2 * settings_.answer_timeout_ms)));
  return control("SET standard_conforming_strings = on");
}

Result<void> Connection::control(const std::string& sql) {
  const Answer answer = last(PQsendQuery(pg_.get(), sql.c_str()));
  const ExecStatusType status = PQresultStatus(answer.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return {};
  return fail(error(answer.get(), sql));
}

Result<void> Connection::come_back() {
  return is_alive() ? Result<void>() : connect();
}

Result<void> Connection::begin(const char* sql) {
  TRY(come_back());
  auto begun = control(sql);
  // Ended while it lay idle: nothing has been run on it, so another will do.
  if (!begun && !is_alive()) {
    TRY(connect());
    begun = control(sql);
  }
  return begun;
}

Result<void> Connection::commit() {
  const Answer answer = last(PQsendQuery(pg_.get(), "COMMIT"));
  if (!is_alive()) {
    Error out{&problems::kCommitUnknown, "The database server went away during a commit; it may have been made.",
              settings_.place};
    out.retry_after_s = kRetryAfterS;
    return fail(std::move(out));
  }
  if (PQresultStatus(answer.get()) != PGRES_COMMAND_OK) return fail(error(answer.get(), "COMMIT"));
  // The answer of a transaction that had failed is success, too, with this word.
  CHECK(std::string_view(PQcmdStatus(answer.get())) == "COMMIT");
  return {};
}

void Connection::roll_back() {
  if (in_transaction()) (void)control("ROLLBACK");
  // Either the transaction is over, or the connection has to be.
  if (PQtransactionStatus(pg_.get()) != PQTRANS_IDLE) is_spoiled_ = true;
}

// ---- statements ----

Result<const Connection::Prepared*> Connection::prepare(std::string_view sql) {
  if (const auto found = prepared_by_sql_.find(sql); found != prepared_by_sql_.end()) {
    prepared_.splice(prepared_.begin(), prepared_, found->second);
    return &*found->second;
  }
  Numbered numbered = number_parameters(sql);
  Prepared made;
  made.text = sql;
  made.parameters = std::move(numbered.names);
  if (is_kept(sql)) made.name = fmt::format("s{}", ++statements_made_);
  const Answer parsed = last(PQsendPrepare(pg_.get(), made.name.c_str(), numbered.sql.c_str(), 0, nullptr));
  if (PQresultStatus(parsed.get()) != PGRES_COMMAND_OK) return fail(error(parsed.get(), sql));
  const Answer described = last(PQsendDescribePrepared(pg_.get(), made.name.c_str()));
  if (PQresultStatus(described.get()) != PGRES_COMMAND_OK) return fail(error(described.get(), sql));
  for (int i = 0; i < PQnparams(described.get()); ++i) made.parameter_types.push_back(PQparamtype(described.get(), i));
  std::vector<std::string> columns;
  for (int i = 0; i < PQnfields(described.get()); ++i) {
    columns.emplace_back(PQfname(described.get(), i));
    made.column_types.push_back(PQftype(described.get(), i));
  }
  check_columns(columns, sql);
  made.columns = std::make_shared<const std::vector<std::string>>(std::move(columns));
  if (made.name.empty()) {
    once_ = std::move(made);
    return &once_;
  }
  if (prepared_.size() == kStatementsMax) {
    TRY(control("DEALLOCATE " + prepared_.back().name));
    prepared_by_sql_.erase(prepared_.back().text);
    prepared_.pop_back();
  }
  prepared_.push_front(std::move(made));
  prepared_by_sql_.emplace(prepared_.front().text, prepared_.begin());
  return &prepared_.front();
}

// The values of one run, in the form in which libpq wants them.
class Arguments {
 public:
  Result<void> add(const Param& param, Oid type, std::string_view sql) {
    if (std::holds_alternative<std::nullptr_t>(param.value)) {
      push(nullptr, 0, kTextFormat);
    } else if (const auto* integer = std::get_if<std::int64_t>(&param.value)) {
      if (type != kInt8 && type != kInt4 && type != kInt2) bug("a number stands where a number is meant", sql);
      const std::string& text = owned_.emplace_back(std::to_string(*integer));
      push(text.c_str(), 0, kTextFormat);
    } else if (const auto* text = std::get_if<std::string>(&param.value)) {
      if (type != kTextType && type != kVarchar && type != kUnknown) bug("a text stands where a text is meant", sql);
      TRY(check_text(param));
      push(text->c_str(), 0, kTextFormat);
    } else {
      if (type != kBytea) bug("bytes stand where bytes are meant", sql);
      const Bytes& bytes = std::get<Bytes>(param.value);
      // A null pointer would be NULL, and an empty vector may have one.
      push(bytes.empty() ? "" : reinterpret_cast<const char*>(bytes.data()), static_cast<int>(bytes.size()),
           kBinaryFormat);
    }
    return {};
  }
  int count() const { return static_cast<int>(values_.size()); }
  const char* const* values() const { return values_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }

  static constexpr int kTextFormat = 0, kBinaryFormat = 1;

 private:
  void push(const char* value, int length, int format) {
    values_.push_back(value);
    lengths_.push_back(length);
    formats_.push_back(format);
  }
  std::list<std::string> owned_;
  std::vector<const char*> values_;
  std::vector<int> lengths_, formats_;
};

Result<Value> Connection::value(const PGresult* answer, int row, int column, const Prepared& statement) const {
  if (PQgetisnull(answer, row, column) == 1) return Value(nullptr);
  const char* bytes = PQgetvalue(answer, row, column);
  const int length = PQgetlength(answer, row, column);
  const auto at = static_cast<std::size_t>(column);
  switch (statement.column_types[at]) {
    case kInt8:
    case kInt4:
    case kInt2:
      return Value(big_endian(bytes, length));
    case kTextType:
    case kVarchar:
    case kBpchar:
    case kName:
    case kUnknown:
      return Value(std::string(bytes, static_cast<std::size_t>(length)));
    case kBytea: {
      const auto* first = reinterpret_cast<const std::uint8_t*>(bytes);
      return Value(Bytes(first, first + length));
    }
    case kNumeric:
    case kFloat4:
    case kFloat8:
      return fail(Code::kInternal, "A query gave a floating-point number.",
                  fmt::format("{}: {}: {}", settings_.place, (*statement.columns)[at],
                              statement.text.substr(0, kContextSqlMax)));
    default:
      bug("a column has a type of the dialect", statement.text);
  }
}

Result<Rows> Connection::execute(std::string_view sql, const Params& params, Expect expect) {
  changed_ = 0;
  const Prepared& statement = *TRY(prepare(sql));
  if ((!statement.columns->empty()) != (expect == Expect::kRows)) {
    bug("query() gives rows and run() gives none", sql);
  }
  // With every name of the SQL found among the parameters, equal counts leave none over and none twice.
  if (statement.parameters.size() != params.size()) bug("SQL and parameters have the same names", sql);
  Arguments arguments;
  for (std::size_t i = 0; i < statement.parameters.size(); ++i) {
    TRY(arguments.add(param_named(statement.parameters[i], params, sql), statement.parameter_types[i], sql));
  }
  if (PQsendQueryPrepared(pg_.get(), statement.name.c_str(), arguments.count(), arguments.values(), arguments.lengths(),
                          arguments.formats(), Arguments::kBinaryFormat) != 1) {
    return fail(error(nullptr, sql));
  }
  // Row by row, so that a query without an end is stopped at its bound and not held in memory first.
  if (expect == Expect::kRows) CHECK(PQsetSingleRowMode(pg_.get()) == 1);

  std::vector<Row> rows;
  std::optional<Error> failed;
  while (const Answer answer = next()) {
    const ExecStatusType status = PQresultStatus(answer.get());
    if (failed) continue;  // what is left of it
    if (status == PGRES_COMMAND_OK) {
      const std::string_view count = PQcmdTuples(answer.get());
      std::from_chars(count.data(), count.data() + count.size(), changed_);
    } else if (status == PGRES_SINGLE_TUPLE) {
      if (rows.size() == kRowsMax) {
        failed = Error{&problems::kTooLarge, fmt::format("A query gave more than {} rows.", kRowsMax),
                       fmt::format("{}: {}", settings_.place, sql.substr(0, kContextSqlMax))};
        // Without an end there is nothing to wait for, and closing is the only word that cannot hit a later statement.
        is_spoiled_ = true;
        break;
      }
      std::vector<Value> values;
      values.reserve(statement.columns->size());
      for (int column = 0; column < PQnfields(answer.get()) && !failed; ++column) {
        auto got = value(answer.get(), 0, column, statement);
        if (got) {
          values.push_back(*std::move(got));
        } else {
          failed = std::move(got).error();
        }
      }
      rows.emplace_back(statement.columns, std::move(values));
    } else if (status != PGRES_TUPLES_OK) {
      failed = error(answer.get(), sql);
    }
  }
  if (failed) return fail(*std::move(failed));
  if (!is_alive()) return fail(error(nullptr, sql));
  return Rows(std::move(rows));
}

// One run of a write()'s body. `met_another_writer`: all of it was undone, and it may run again.
Result<void> write_once(Connection& connection, const std::function<Result<void>(Transaction&)>& body,
                        bool& met_another_writer) {
  if (auto begun = connection.begin_write(); !begun) {
    met_another_writer = begun.error().code() == Code::kBusy;
    return begun;
  }
  EngineTransaction<Connection> transaction(connection);
  Result<void> result = transaction.outcome(body(transaction));
  met_another_writer = transaction.met_another_writer();
  if (result) {
    result = connection.commit();
    met_another_writer = !result && result.error().code() == Code::kBusy;
    if (result) return result;
  }
  connection.roll_back();
  return result;
}

class PostgresDatabase final : public Database {
 public:
  explicit PostgresDatabase(Settings settings) : settings_(std::move(settings)) {}

  Result<void> open(const PostgresOptions& options) {
    for (int i = 0; i < options.writers; ++i) writers_.add(TRY(Connection::open(settings_)));
    for (int i = 0; i < options.readers; ++i) readers_.add(TRY(Connection::open(settings_)));
    return {};
  }

  Engine engine() const override { return Engine::kPostgres; }
  std::string contains(std::string_view column, std::string_view parameter) const override {
    return fmt::format("position(CAST(:{} AS TEXT) IN {}) > 0", parameter, column);
  }

  Result<void> read(const std::function<Result<void>(Transaction&)>& body) override {
    const OnlyTransactionOfThread only(*this);
    const Pool<Connection>::Lease lease(readers_);
    return read_once(*lease, body);
  }

  Result<void> write(const std::function<Result<void>(Transaction&)>& body) override {
    const OnlyTransactionOfThread only(*this);
    const Pool<Connection>::Lease lease(writers_);
    return write_until_alone(*lease, body);
  }

  Result<void> change_schema(const std::function<Result<void>(Transaction&)>& body) override {
    const OnlyTransactionOfThread only(*this);
    const Pool<Connection>::Lease lease(writers_);
    // Taken before the transaction, whose snapshot would otherwise be older than what the last holder did.
    TRY((*lease).lock_schema());
    Result<void> result = write_until_alone(*lease, body);
    (*lease).unlock_schema();
    return result;
  }

 private:
  // Two transactions that meet are both undone sooner or later by SERIALIZABLE; what keeps them apart the next time is
  // that they wait for unlike times.
  Result<void> write_until_alone(Connection& connection, const std::function<Result<void>(Transaction&)>& body) {
    const SteadyClock::time_point deadline = SteadyClock::now() + std::chrono::milliseconds(settings_.busy_timeout_ms);
    std::minstd_rand random(static_cast<unsigned>(runs_.fetch_add(1, std::memory_order_relaxed)));
    for (int attempt = 1;; ++attempt) {
      bool met_another_writer = false;
      Result<void> result = write_once(connection, body, met_another_writer);
      if (!met_another_writer || attempt == kWriteAttemptsMax || SteadyClock::now() >= deadline) return result;
      const int longest = std::min(1 << std::min(attempt, 10), kBackoffMsMax);
      const os::MutexLock lock(nobody_);
      never_.wait_for_us(nobody_, std::uniform_int_distribution<std::int64_t>(0, 1000 * longest)(random));
    }
  }

  const Settings settings_;
  std::atomic<std::uint64_t> runs_ = 1;
  os::Mutex nobody_;  // never notified: to wait for a time
  os::Condition never_;
  Pool<Connection> writers_;
  Pool<Connection> readers_;
};

// What is written as it stands in a password would be taken for the host behind it, and told.
bool is_unambiguous(std::string_view rest) {
  const std::size_t at = rest.find('@');
  if (at == std::string_view::npos) return true;
  return rest.substr(0, at).find_first_of("/?#") == std::string_view::npos &&
         rest.find('@', at + 1) == std::string_view::npos;
}

// Host, port and database of a URL, and nothing else of it: neither a password nor what may be one. Empty: no URL.
std::string place_of(const std::string& url) {
  if (!url.starts_with("postgresql://") && !url.starts_with("postgres://")) return {};
  if (!is_unambiguous(std::string_view(url).substr(url.find("//") + 2))) return {};
  char* said = nullptr;
  PQconninfoOption* options = PQconninfoParse(url.c_str(), &said);
  PQfreemem(said);
  if (options == nullptr) return {};
  std::string host = "localhost", port = "5432", name;
  for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    const std::string_view keyword = option->keyword;
    if (keyword == "host") host = option->val;
    if (keyword == "port") port = option->val;
    if (keyword == "dbname") name = option->val;
  }
  PQconninfoFree(options);
  return fmt::format("PostgreSQL {}:{}/{}", host, port, name);
}

}  // namespace

Result<std::unique_ptr<Database>> open_postgres(const std::string& url, const PostgresOptions& options) {
  CHECK(options.writers >= 1 && options.writers <= 64 && options.readers >= 1 && options.readers <= 64);
  CHECK(options.busy_timeout_ms >= 0 && options.busy_timeout_ms <= 600'000);
  Settings settings;
  settings.url = url;
  settings.place = place_of(url);
  settings.busy_timeout_ms = options.busy_timeout_ms;
  settings.connect_timeout_s = options.connect_timeout_s;
  settings.answer_timeout_ms = options.answer_timeout_ms;
  if (settings.place.empty()) {
    return fail(
        Code::kInvalid,
        "A database is named as postgresql://USER:PASSWORD@HOST:PORT/NAME, with @ / ? # in a password written %40 %2F "
        "%3F %23");
  }
  auto database = std::make_unique<PostgresDatabase>(std::move(settings));
  TRY(database->open(options));
  return database;
}

}  // namespace lapel::db
