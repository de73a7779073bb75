module com.example.consumer {
    requires org.moelora;
}
