@echo off
rem Starts MoELoRA on a JDK 25 or later. In a checkout it builds on first use; after a change, delete target\moelora.
rem MOELORA_JAVA_OPTIONS holds further options for the java command.
setlocal EnableExtensions DisableDelayedExpansion

for %%I in ("%~dp0..") do set "MOELORA_HOME=%%~fI"
set "NEEDED=25"
set "JDK="

if defined JAVA_HOME call :consider "%JAVA_HOME%"
if not defined JDK for %%J in (java.exe) do if not "%%~$PATH:J"=="" call :consider "%%~dp$PATH:J.."
if not defined JDK for %%R in (
    "%ProgramFiles%\Eclipse Adoptium"
    "%ProgramFiles%\Java"
    "%ProgramFiles%\Microsoft"
    "%ProgramFiles%\Zulu"
    "%ProgramFiles%\Amazon Corretto"
    "%ProgramFiles%\BellSoft"
    "%LocalAppData%\Programs\Eclipse Adoptium"
    "%UserProfile%\.jdks"
    "%UserProfile%\scoop\apps"
    "%UserProfile%\.sdkman\candidates\java"
) do if exist "%%~R\" for /d %%D in ("%%~R\*") do (
    call :consider "%%~fD"
    call :consider "%%~fD\current"
)
if not defined JDK (
    echo moelora: a JDK %NEEDED% or later is needed, and none was found in JAVA_HOME, in PATH or in the usual folders; install one, or set JAVA_HOME to its folder. 1>&2
    exit /b 1
)

set "LIB=%MOELORA_HOME%\lib"
if not exist "%MOELORA_HOME%\pom.xml" goto start

set "APP=%MOELORA_HOME%\target\moelora\app"
set "LIB=%APP%\lib"
if exist "%APP%\built" goto start
where mvn >nul 2>nul
if errorlevel 1 (
    echo moelora: Maven is needed to build, and there is no mvn in PATH; install it. 1>&2
    exit /b 1
)
if not exist "%APP%" mkdir "%APP%"
echo moelora: building, about a minute the first time ^(log: %APP%\build.log^) 1>&2
pushd "%MOELORA_HOME%"
set "CALLERS_JAVA_HOME=%JAVA_HOME%"
set "JAVA_HOME=%JDK%"
call mvn -q -pl cli -am package -Dmaven.test.skip=true -Ddistribution.skip=true -Dmaven.compiler.failOnWarning=false "-Dmoelora.app=%APP%" >"%APP%\build.log" 2>&1
set "STATUS=%ERRORLEVEL%"
set "JAVA_HOME=%CALLERS_JAVA_HOME%"
popd
if not "%STATUS%"=="0" (
    findstr /c:"[ERROR]" "%APP%\build.log" 1>&2
    echo moelora: the build failed; the whole log is %APP%\build.log 1>&2
    exit /b 1
)
type nul >"%APP%\built"

:start
rem JDK 25 need not start with the Vector API's module, which it would warn about: Main loads it.
set "VECTOR=--add-modules=jdk.incubator.vector"
if "%MAJOR%"=="25" set "VECTOR=--add-exports=java.base/jdk.internal.module=ALL-UNNAMED"
"%JDK%\bin\java.exe" -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED %VECTOR% -Xlog:disable -Xlog:all=warning:stderr %MOELORA_JAVA_OPTIONS% "-Dmoelora.home=%MOELORA_HOME%" -cp "%LIB%\*" org.moelora.cli.Main %*
exit /b %ERRORLEVEL%

rem Takes the folder as JDK if its release file names a version that is new enough.
:consider
if defined JDK exit /b 0
if not exist "%~f1\bin\java.exe" exit /b 0
if not exist "%~f1\release" exit /b 0
set "VERSION="
for /f "usebackq tokens=2 delims==" %%V in (`findstr /b "JAVA_VERSION=" "%~f1\release"`) do set "VERSION=%%~V"
if not defined VERSION exit /b 0
for /f "tokens=1 delims=.-+" %%M in ("%VERSION%") do set "MAJOR=%%M"
if %MAJOR% GEQ %NEEDED% set "JDK=%~f1"
exit /b 0
